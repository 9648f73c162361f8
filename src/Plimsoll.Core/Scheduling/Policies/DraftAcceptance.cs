using System;

namespace Plimsoll.Core.Scheduling.Policies;

/// <summary>
/// How often drafts come true, position by position: as it was given, and refined by what steps tell where
/// it is to be learnt. The past fades, in steps without drafts too, so that an engine that found no draft
/// worth its time tries again by and by. + − × ÷ only, so that a log replays to the bit on another machine.
/// </summary>
sealed class DraftAcceptance
{
    /// <summary>Drafts that what was given beforehand weighs as much as.</summary>
    const double GivenWeight = 4;

    /// <summary>What a step leaves of the past: five hundred steps.</summary>
    const double Kept = 0.998;

    readonly DraftSpec _given;
    readonly double[] _tried;
    readonly double[] _right;
    readonly int[] _stopped;

    public DraftAcceptance(DraftSpec given)
    {
        _given = given;
        _tried = new double[given.MaxTokens];
        _right = new double[given.MaxTokens];
        _stopped = new int[given.MaxTokens + 1];
    }

    /// <summary>
    /// Probability that the draft at this position is right where all before it were. Beyond the positions
    /// that were given, what is learnt of one is where the next one starts.
    /// </summary>
    public double At(int position)
    {
        if (!_given.Learns)
            return _given.Acceptance(position);
        var given = position < _given.AcceptanceByPosition.Count
            ? _given.Acceptance(position) : At(position - 1);
        return ((GivenWeight * given) + _right[position]) / (GivenWeight + _tried[position]);
    }

    /// <summary>Tokens that a sequence gains by a step with so many drafts, on average; 1 without.</summary>
    public double ExpectedTokens(int drafts)
    {
        double tokens = 1, reached = 1;
        for (var i = 0; i < drafts; i++)
        {
            reached *= At(i);
            tokens += reached;
        }
        return tokens;
    }

    /// <summary>A step verified so many drafts of so many sequences each.</summary>
    public void Observe(int sequences, int drafts, ReadOnlySpan<RequestOutcome> exceptions)
    {
        if (!_given.Learns)
            return;
        for (var i = 0; i < _tried.Length; i++)
        {
            _tried[i] *= Kept;
            _right[i] *= Kept;
        }
        if (drafts == 0)
            return;
        Array.Clear(_stopped);
        foreach (ref readonly var exception in exceptions)
        {
            if (exception.AcceptedDrafts > 0)
                _stopped[exception.AcceptedDrafts]++;
        }
        var going = 0;
        for (var i = drafts - 1; i >= 0; i--)
        {
            going += _stopped[i + 1];
            _right[i] += going;
            if (i > 0)
                _tried[i] += going + _stopped[i];
        }
        _tried[0] += sequences;
    }
}
