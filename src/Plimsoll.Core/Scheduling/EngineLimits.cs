using System;
using Plimsoll.Core.Timing;

namespace Plimsoll.Core.Scheduling;

/// <summary>A scheduler's limits as a deployment's engine settings and memory give them.</summary>
public static class EngineLimits
{
    /// <param name="stepTime">The engine that serves a deployment.</param>
    /// <param name="blocks">KV blocks of one engine rank.</param>
    /// <param name="policy">How the scheduler decides.</param>
    public static SchedulerOptions Of(StepTimeModel stepTime, int blocks, SchedulingPolicy policy)
    {
        var deployment = stepTime.Deployment;
        var engine = deployment.Engine;
        var scheduling = stepTime.Engine.Scheduling;
        var whole = deployment.Model.Attention.Bidirectional || policy.WholePrompts;
        // Where prompts are computed whole a step holds the longest.
        var budget = whole
            ? Math.Max(engine.MaxNumBatchedTokens, deployment.Model.MaxContext)
            : engine.MaxNumBatchedTokens;
        CheckDecodesFit(policy, engine.MaxNumSeqs, budget * deployment.PipelineParallel);
        return new SchedulerOptions
        {
            Policy = policy,
            MaxNumSeqs = engine.MaxNumSeqs,
            EnableChunkedPrefill = !whole,
            // A simulated step is one round of all micro-batches in flight: each has a budget of its own,
            // and a prompt is in one of them only.
            MaxNumBatchedTokens = budget * deployment.PipelineParallel,
            NumBlocks = blocks,
            BlockSize = engine.BlockSize,
            ReservesFullPrompts = scheduling.ReservesFullPrompts,
            FindsPreempted = scheduling.FindsPreempted && engine.EnablePrefixCaching,
            LongPrefillTokenThreshold = deployment.PipelineParallel == 1
                ? engine.LongPrefillTokenThreshold
                : Math.Min(engine.MaxNumBatchedTokens, engine.LongPrefillTokenThreshold is > 0 and var least
                    ? least
                    : int.MaxValue),
        };
    }

    /// <summary>Refuses steps too small for a policy that gives every sequence a token in each.</summary>
    public static void CheckDecodesFit(SchedulingPolicy policy, int sequences, int tokens)
    {
        if (policy.RunsEveryDecode && tokens < sequences)
        {
            throw new BadInputException(
                $"policy {policy.Name}",
                $"gives each of {sequences} sequences a token, and a step has {tokens}",
                $"as many tokens ({Setting.MaxNumBatchedTokens}) or fewer sequences ({Setting.MaxNumSeqs})");
        }
    }
}
