using System.Collections.Generic;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Measures;
using Plimsoll.Planning.Simulation.Tiers;

namespace Plimsoll.Planning.Simulation;

/// <summary>What a simulated fleet did.</summary>
public sealed record SimulationResult
{
    public required long Requests { get; init; }

    public required long Completed { get; init; }

    /// <summary>Requests that were not served: too long for an engine, or rejected.</summary>
    public required long Failed { get; init; }

    /// <summary>Those of them that were turned away, because their promise could not be kept.</summary>
    public long Rejected { get; init; }

    /// <summary>First arrival to last token, seconds.</summary>
    public required double MakespanS { get; init; }

    public required LatencyRecorders Latencies { get; init; }

    /// <summary>The requests of each level against its own limits.</summary>
    public required IReadOnlyList<PromiseMeter> Levels { get; init; }

    /// <summary>Requests that no engine had admitted yet when half of them had arrived.</summary>
    public required int WaitingHalfway { get; init; }

    /// <summary>The same when the last arrived.</summary>
    public required int WaitingAtTheEnd { get; init; }

    /// <summary>
    /// Measured requests that kept every limit of their level ÷ those whose level has any; failures are bad.
    /// </summary>
    public required double? Goodput { get; init; }

    public required double PromptTokensPerSecond { get; init; }

    public required double OutputTokensPerSecond { get; init; }

    public required long Preemptions { get; init; }

    /// <summary>Most KV blocks in use at once in any replica.</summary>
    public required int PeakKvBlocks { get; init; }

    /// <summary>
    /// Prompt tokens that the prefix cache gave when their requests were first admitted ÷ all of completed
    /// requests; null without prefix keys. What a preempted request finds again is not counted again.
    /// </summary>
    public required double? PrefixHitRate { get; init; }

    /// <summary>Tokens of completed requests, the cached ones included.</summary>
    public required long PromptTokens { get; init; }

    /// <summary>Prompt tokens that the prefix cache gave when their requests were first admitted.</summary>
    public required long CachedPromptTokens { get; init; }

    public required long OutputTokens { get; init; }

    /// <summary>Computing time by what caused it; zero unless asked for.</summary>
    public required TimeByCause TimeByCause { get; init; }

    /// <summary>Of it what batch work caused, warm-up included; 0 without any.</summary>
    public long BatchComputingNs { get; init; }

    /// <summary>Whose the computing time was; null unless it is attributed and there are several to tell
    /// apart.</summary>
    public TimeShares? Shares { get; init; }

    /// <summary>What the memories below the accelerators did; null without any.</summary>
    public IReadOnlyList<KvTierResult>? KvTiers { get; init; }

    /// <summary>What batch work got; null without any.</summary>
    public BatchResult? Batch { get; init; }

    public required long Steps { get; init; }

    /// <summary>Computing time of all replicas ÷ (replicas × makespan).</summary>
    public required double BusyShare { get; init; }

    /// <summary>Digest of all scheduling decisions.</summary>
    public required ulong PlanHash { get; init; }

    /// <summary>
    /// Whether the limits hold: true and false when certain or measured to the end, null when there are too
    /// few samples to tell.
    /// </summary>
    public required bool? Holds { get; init; }

    /// <summary>The run ended early because its verdict was certain; its figures are of a part.</summary>
    public required bool StoppedEarly { get; init; }
}
