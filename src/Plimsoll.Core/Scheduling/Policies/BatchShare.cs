using System;

namespace Plimsoll.Core.Scheduling.Policies;

/// <summary>
/// The share of the engine's time that is promised to batch work: what it is owed grows while others run and
/// shrinks by what it gets. Nothing is owed while it has no work.
/// </summary>
sealed class BatchShare
{
    readonly double _share;
    readonly long _stepNs;
    double _owedNs;
    double _batchPart;
    bool _wanted;

    public BatchShare(SchedulerOptions options, long stepNs)
    {
        _stepNs = stepNs;
        foreach (var level in options.Levels)
            _share += level.Class == ServiceClass.Batch ? level.MinShare : 0;
    }

    public bool IsPromised => _share > 0;

    /// <summary>Whether a whole step's time is owed.</summary>
    public bool IsOwed => _share > 0 && _owedNs >= _stepNs;

    public void Planned(long withoutBatchNs, long withBatchNs, bool wanted)
    {
        _wanted = wanted;
        _batchPart = withBatchNs > 0 ? 1 - ((double)withoutBatchNs / withBatchNs) : 0;
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
