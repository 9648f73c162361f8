using System;
using Plimsoll.Core.Timing;

namespace Plimsoll.Core.Scheduling.Policies;

/// <summary>
/// The share of the engine's time that is promised to batch work: what it is owed grows while others run and
/// shrinks by what it gets. Nothing is owed while it has no work. What it gets is counted as it is billed: of
/// what a step takes whatever it carries by sequences, of the rest by what each kind of work adds.
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

    /// <param name="interactive">What the step carries of interactive work.</param>
    /// <param name="all">All that it carries.</param>
    /// <param name="wanted">Whether batch work has anything to do.</param>
    public void Planned(in StepShape interactive, in StepShape all, bool wanted)
    {
        if (!IsPromised)
            return;
        _batchPart = Part(interactive, all);
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

    /// <summary>Batch work's part of a step, 0 to 1.</summary>
    double Part(in StepShape interactive, in StepShape all)
    {
        var batch = all.Without(interactive);
        if (batch.IsEmpty || interactive.IsEmpty)
            return batch.IsEmpty ? 0 : 1;
        var one = default(StepShape);
        one.AddDecodes(1, 1);
        double fixedNs = _predictor.PredictNs(one), allNs = _predictor.PredictNs(all);
        var sequences = (double)(batch.Decodes + batch.PrefillChunks) / (all.Decodes + all.PrefillChunks);
        // What it adds to interactive work, and what it takes alone: between the two lies what it causes.
        var addsNs = allNs - _predictor.PredictNs(interactive);
        var aloneNs = _predictor.PredictNs(batch) - fixedNs;
        return Math.Clamp(((fixedNs * sequences) + ((addsNs + aloneNs) / 2)) / allNs, 0, 1);
    }
}
