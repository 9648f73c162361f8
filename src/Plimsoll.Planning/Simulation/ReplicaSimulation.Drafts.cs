using System;
using Plimsoll.Core.Draws;
using Plimsoll.Core.Scheduling;

namespace Plimsoll.Planning.Simulation;

/// <summary>
/// Speculation step by step: how many of the drafts that a plan verifies were right is drawn for every
/// sequence, position by position, and its answer ends as many steps sooner.
/// </summary>
sealed partial class ReplicaSimulation
{
    readonly DraftSpec? _drafts;
    RandomStream _random;
    RequestId[] _drafted = new RequestId[64];
    int _draftedCount;

    void AcceptDrafts(StepPlan plan)
    {
        if (_drafted.Length < plan.Shape.Decodes)
            _drafted = new RequestId[2 * plan.Shape.Decodes];
        _draftedCount = _scheduler.ListDecodes(_drafted);
        foreach (var id in _drafted.AsSpan(0, _draftedCount))
        {
            ref var request = ref _requests[id.Slot];
            // The step's own token comes on top, and nothing after the answer's end is kept.
            var most = Math.Min(Drafts(plan, request.Cohort), Remaining(request, id.Slot) - 1);
            var accepted = 0;
            while (accepted < most && _random.NextDouble() < _drafts!.Acceptance(accepted))
                accepted++;
            request.Accepted = accepted;
            if (accepted == 0)
                continue;
            var clock = _cohorts[request.Cohort];
            var ends = clock.Finishes.StepOf(id.Slot);
            clock.Finishes.Remove(id.Slot);
            clock.Finishes.Add(id.Slot, ends - accepted);
            clock.Accounts[AccountOf(request)].Shift(accepted);
            OutputTokens[AccountOf(request)] += accepted;
            // Tokens of one step arrive together.
            if (!request.IsBatch)
                _meter.AddGaps(0, accepted, request.Level);
        }
    }

    static int Drafts(StepPlan plan, int cohort)
    {
        foreach (ref readonly var run in plan.Cohorts)
        {
            if (run.Cohort == cohort)
                return run.DraftTokens;
        }
        return 0;
    }

    /// <summary>Those that were accepted, of sequences that go on; a finish has told its own.</summary>
    void ReportDrafts()
    {
        foreach (var id in _drafted.AsSpan(0, _draftedCount))
        {
            ref var request = ref _requests[id.Slot];
            if (request.Accepted > 0 && request.InWheel)
            {
                if (_outcomeCount == _outcomes.Length)
                    Array.Resize(ref _outcomes, 2 * _outcomeCount);
                _outcomes[_outcomeCount++] =
                    new RequestOutcome { Request = id, AcceptedDrafts = request.Accepted };
            }
            request.Accepted = 0;
        }
    }
}
