using System.Collections.Generic;
using System.Globalization;
using Plimsoll.Core;
using Plimsoll.Tuning.Evaluation;

namespace Plimsoll.Tuning.Deployment;

/// <summary>One thing that is watched while a candidate answers.</summary>
/// <param name="Metric">errors, invalid (answers of a wrong form), late (first token later than promised), or
/// a name of one's own.</param>
/// <param name="Margin">By how much the candidate's rate may exceed production's.</param>
/// <param name="Most">And the highest rate at all; null: none. A p95 promise is a rate of late answers of
/// at most 0.05.</param>
public sealed record Guard(string Metric, double Margin, double? Most = null);

/// <summary>What a guard knows by now.</summary>
public enum GuardVerdict
{
    /// <summary>The interval still holds the bound: go on watching.</summary>
    Open,

    /// <summary>Shown to be within the bound.</summary>
    Kept,

    /// <summary>Shown to be beyond it.</summary>
    Broken,
}

/// <summary>
/// Watches one metric of both arms by confidence sequences, each with half the error: what they say together
/// holds at every look.
/// </summary>
public sealed class GuardState
{
    readonly Guard _guard;
    readonly ConfidenceSequence _candidate;
    readonly ConfidenceSequence _production;

    public GuardState(Guard guard, double error)
    {
        if (!(guard.Margin is > 0 and < 1))
        {
            throw new BadInputException($"guard {guard.Metric}: margin {guard.Margin}; "
                + "expected above 0 and below 1");
        }
        _guard = guard;
        _candidate = new ConfidenceSequence(error / 2);
        _production = new ConfidenceSequence(error / 2);
    }

    public Guard Guard => _guard;

    public long Observed => _candidate.Count;

    /// <summary>Of the candidate by now.</summary>
    public Arm Candidate => Arm.Of(_candidate);

    /// <summary>Of what is in production, by now.</summary>
    public Arm Production => Arm.Of(_production);

    /// <summary>What one arm has shown: its rate, and the ends that hold at every look.</summary>
    public readonly record struct Arm(long Count, double Mean, double Low, double High)
    {
        internal static Arm Of(ConfidenceSequence sequence) =>
            new(sequence.Count, sequence.Mean, sequence.Low, sequence.High);
    }

    public void Add(bool candidate, double value) => (candidate ? _candidate : _production).Add(value);

    public GuardVerdict Verdict
    {
        get
        {
            if (_candidate.Low - _production.High > _guard.Margin || _candidate.Low > (_guard.Most ?? 1))
                return GuardVerdict.Broken;
            return _candidate.High - _production.Low <= _guard.Margin && _candidate.High <= (_guard.Most ?? 1)
                ? GuardVerdict.Kept
                : GuardVerdict.Open;
        }
    }

    public string Evidence => string.Create(CultureInfo.InvariantCulture, 
        $"{_guard.Metric}: candidate {100 * _candidate.Mean:0.0} % ({100 * _candidate.Low:0.0} to "
            + $"{100 * _candidate.High:0.0}) of {_candidate.Count}, production {100 * _production.Mean:0.0} "
            + $"% ({100 * _production.Low:0.0} to {100 * _production.High:0.0}) of {_production.Count}, "
            + $"margin {100 * _guard.Margin:0.0} points");

    internal static List<GuardState> Of(IReadOnlyList<Guard> guards, double error)
    {
        var states = new List<GuardState>();
        foreach (var guard in guards)
            states.Add(new GuardState(guard, error / guards.Count));
        return states;
    }
}
