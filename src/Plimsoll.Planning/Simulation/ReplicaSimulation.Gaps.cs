using System;
using Plimsoll.Core.Scheduling;

namespace Plimsoll.Planning.Simulation;

/// <summary>The gaps between the tokens of those for whom somebody waits, level by level.</summary>
sealed partial class ReplicaSimulation
{
    readonly int[] _decodes;

    /// <summary>Counts who decodes in a plan, by level.</summary>
    void CountDecodes(StepPlan plan)
    {
        Array.Clear(_decodes);
        foreach (ref readonly var run in plan.Cohorts)
        {
            var shares = _cohorts[run.Cohort].Accounts;
            for (var level = 0; level < _decodes.Length; level++)
                _decodes[level] += shares[level].Count;
        }
    }

    /// <summary>Everybody counted has as many gaps of a step's length.</summary>
    void AddGaps(long stepNs, int steps)
    {
        for (var level = 0; level < _decodes.Length; level++)
        {
            if (_decodes[level] > 0)
                _meter.AddGaps(stepNs, (long)_decodes[level] * steps, level);
        }
    }

    /// <summary>
    /// One step's gaps between tokens: the step's own length for whoever also had a token in the step
    /// before, longer for those that were left out since.
    /// </summary>
    void RecordGaps(StepPlan plan)
    {
        CountDecodes(plan);
        _gapLimits.AddSteps(_stepNs, 1);
        if (_skippedBefore > 0 || plan.SkippedDecodes.Length > 0)
            RecordLateGaps(plan);
        AddGaps(_stepNs, 1);
    }

    void RecordLateGaps(StepPlan plan)
    {
        foreach (var skipped in plan.SkippedDecodes)
        {
            ref var request = ref _requests[skipped.Slot];
            if (request.WaitingSinceNs == 0)
            {
                request.WaitingSinceNs = _nowNs;
                _skippedBefore++;
            }
            var clock = _cohorts[request.Cohort];
            clock.Accounts[AccountOf(request)].Shift(-1);
            OutputTokens[AccountOf(request)]--;
            if (!request.IsBatch)
            {
                request.LateGaps -= _gapLimits.Of(request.Level, _stepNs);
                _decodes[request.Level]--;
            }
            var finish = clock.Finishes.StepOf(skipped.Slot);
            clock.Finishes.Remove(skipped.Slot);
            clock.Finishes.Add(skipped.Slot, finish + 1);
        }
        for (var handle = 0; handle < _requests.Length && _skippedBefore > 0; handle++)
        {
            ref var request = ref _requests[handle];
            if (request.WaitingSinceNs == 0 || plan.SkippedDecodes.IndexOf(request.Id) >= 0)
                continue;
            if (!request.IsBatch)
            {
                var gapNs = _nowNs + _stepNs - request.WaitingSinceNs;
                _meter.AddGaps(gapNs, 1, request.Level);
                request.LateGaps +=
                    _gapLimits.Of(request.Level, gapNs) - _gapLimits.Of(request.Level, _stepNs);
                _decodes[request.Level]--;
            }
            request.WaitingSinceNs = 0;
            _skippedBefore--;
        }
    }
}
