using System;
using Plimsoll.Core.Timing;

namespace Plimsoll.Core.Scheduling.Policies;

/// <summary>
/// The share of the engine's time that is promised to batch work: what it is owed grows while others run and
/// shrinks by what it gets. Nothing is owed while it has no work. What it gets is counted as it is billed: of
/// what a step takes whatever it carries by sequences, of the rest by what each kind of work causes.
/// </summary>
sealed class BatchShare
{
    readonly StepPredictor _predictor;
    readonly double _share;
    readonly long _stepNs;
    double _owedNs;
    double _batchPart;
    bool _wanted;

    public BatchShare(SchedulerOptions options, StepPredictor predictor, long stepNs)
    {
        (_predictor, _stepNs) = (predictor, stepNs);
        _share = Promised(options);
    }

    /// <summary>The share of all levels that are batch.</summary>
    public static double Promised(SchedulerOptions options)
    {
        var share = 0.0;
        foreach (var level in options.Levels)
            share += level.Class == ServiceClass.Batch ? level.MinShare : 0;
        return share;
    }

    public bool IsPromised => _share > 0;

    /// <summary>Whether a whole step's time is owed.</summary>
    public bool IsOwed => _share > 0 && _owedNs >= _stepNs;

    /// <summary>How much, nanoseconds: a step that pays it is as much longer, however long it is.</summary>
    public long OwedNs => (long)_owedNs;

    /// <summary>
    /// Tokens of a step that are kept for batch work when it is owed time: its share of them, and all when it
    /// is owed two steps, since decodes of others may take more of the time than of the tokens.
    /// </summary>
    public int KeptTokens(int tokens) =>
        (int)(Math.Clamp((_owedNs / _stepNs) - 1 + _share, _share, 1) * tokens);

    /// <param name="interactive">What the step carries of interactive work.</param>
    /// <param name="all">All that it carries.</param>
    /// <param name="wanted">Whether batch work has anything to do.</param>
    public void Planned(in StepShape interactive, in StepShape all, bool wanted)
    {
        if (!IsPromised)
            return;
        _batchPart = all.IsEmpty ? 0 : _predictor.Split(all).ShareOf(all.Without(interactive), all);
        _wanted = wanted || _batchPart > 0;
    }

    public void Passed(long durationNs)
    {
        if (_share == 0)
            return;
        _owedNs += durationNs * (_share - _batchPart);
        if (!_wanted || _owedNs < 0)
            _owedNs = Math.Min(_owedNs, 0) / 2;
    }
}
