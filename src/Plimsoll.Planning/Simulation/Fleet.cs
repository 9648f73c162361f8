using Plimsoll.Core.Routing;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;

namespace Plimsoll.Planning.Simulation;

/// <summary>Equal engine ranks, each with its own scheduler and KV memory.</summary>
/// <param name="Limits">Of each rank's scheduler.</param>
/// <param name="StepTime">How long its steps take.</param>
/// <param name="Replicas">How many ranks.</param>
public sealed record EnginePool(SchedulerOptions Limits, StepTimeModel StepTime, int Replicas = 1)
{
    /// <summary>How many ranks, one after another, share experts and so step together.</summary>
    public int LockstepRanks { get; init; } = 1;

    /// <summary>The engines as they would be if their step times were wrong in a drawn way.</summary>
    public EnginePool Drawn(StepErrorDraw draw) => this with { StepTime = StepTime.Drawn(draw) };
}

/// <summary>
/// Engines behind a router: one pool that does both, or one that prefills and one that decodes.
/// </summary>
public sealed record Fleet
{
    /// <summary>The engines that give answers; disaggregated, those that only decode.</summary>
    public required EnginePool Serving { get; init; }

    /// <summary>The engines that only prefill; null when every one does both.</summary>
    public EnginePool? Prefill { get; init; }

    public RoutingPolicy Routing { get; init; } = RoutingPolicy.RoundRobin;

    /// <summary>Disaggregated: nanoseconds to move one token's KV to the decode pool.</summary>
    public double KvTransferNsPerToken { get; init; }

    /// <summary>Disaggregated: nanoseconds before the first byte of KV arrives.</summary>
    public long KvTransferLatencyNs { get; init; }

    /// <summary>Replicas of both pools.</summary>
    public int Replicas => Serving.Replicas + (Prefill?.Replicas ?? 0);

    /// <summary>The fleet as it would be if its step times were wrong in a drawn way.</summary>
    public Fleet Drawn(StepErrorDraw draw) =>
        this with { Serving = Serving.Drawn(draw), Prefill = Prefill?.Drawn(draw) };
}
