using System;
using Plimsoll.Core.Hardware;

namespace Plimsoll.Core.Scheduling;

/// <summary>A scheduler's limits as a deployment's engine settings and memory give them.</summary>
public static class EngineLimits
{
    /// <param name="deployment">What is served on what.</param>
    /// <param name="blocks">KV blocks of one engine rank.</param>
    /// <param name="policy">How the scheduler decides.</param>
    public static SchedulerOptions Of(Deployment deployment, int blocks, SchedulingPolicy policy)
    {
        var engine = deployment.Engine;
        var whole = deployment.Model.Attention.Bidirectional || policy.WholePrompts;
        // Where prompts are computed whole a step holds the longest.
        var budget = whole
            ? Math.Max(engine.MaxNumBatchedTokens, deployment.Model.MaxContext)
            : engine.MaxNumBatchedTokens;
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
            LongPrefillTokenThreshold = deployment.PipelineParallel == 1
                ? engine.LongPrefillTokenThreshold
                : Math.Min(engine.MaxNumBatchedTokens, engine.LongPrefillTokenThreshold is > 0 and var least
                    ? least
                    : int.MaxValue),
        };
    }
}
