using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;

namespace Plimsoll.Planning.Simulation;

/// <summary>Who decodes with whom.</summary>
sealed partial class ReplicaSimulation
{
    /// <summary>A policy that keeps deadlines knows the model; where it is wrong, it learns.</summary>
    static StepPredictor? PredictorOf(
        SchedulerOptions engine, StepTimeModel stepTime, SimulationOptions options) =>
        engine.Policy.Slack is null
            ? null
            : new StepPredictor(stepTime.Predicted, learns: !stepTime.Draw.IsNone, options.StepMargin);

    int Remaining(in SimulatedRequest request, int handle)
    {
        var cohort = _cohorts[request.Cohort];
        return (int)(cohort.Finishes.StepOf(handle) - cohort.Steps);
    }

    /// <summary>
    /// A decode that stops for now, or goes on: its tokens are counted by another cohort's steps.
    /// </summary>
    void Move(in CohortMove move)
    {
        ref var request = ref _requests[move.Request.Slot];
        var remaining = Remaining(request, move.Request.Slot);
        Leave(ref request, move.Request.Slot);
        Join(ref request, move.Request.Slot, move.To, remaining);
    }

    void Join(ref SimulatedRequest request, int handle, int cohort, int remaining)
    {
        var clock = _cohorts[cohort];
        request.InWheel = true;
        request.Cohort = cohort;
        clock.Finishes.Add(handle, clock.Steps + remaining);
        clock.Accounts[AccountOf(request)].Join(
            request.PromptTokens + request.TokensHere - remaining, clock.Steps);
        if (!request.IsBatch)
            _gapLimits.Join(ref request);
    }

    /// <summary>Who pays for a request: its level, or batch work.</summary>
    int AccountOf(in SimulatedRequest request) => request.IsBatch ? _batchAccount : request.Level;

    void Leave(ref SimulatedRequest request, int handle)
    {
        var clock = _cohorts[request.Cohort];
        request.InWheel = false;
        var length = request.PromptTokens + request.TokensHere - Remaining(request, handle);
        clock.Finishes.Remove(handle);
        clock.Accounts[AccountOf(request)].Leave(length, clock.Steps);
        if (!request.IsBatch)
            _gapLimits.Leave(ref request);
    }

    void Advance(CohortClock cohort, int steps)
    {
        cohort.Steps += steps;
        for (var account = 0; account < OutputTokens.Length; account++)
            OutputTokens[account] += (long)cohort.Accounts[account].Count * steps;
        var finishes = cohort.Finishes;
        int handle;
        while ((handle = finishes.FirstOf(cohort.Steps)) >= 0)
            Finish(handle);
    }
}
