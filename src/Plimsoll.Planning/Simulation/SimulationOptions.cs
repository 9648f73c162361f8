using System;
using System.Collections.Generic;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Planning.Simulation;

/// <summary>How a fleet is simulated.</summary>
public sealed record SimulationOptions
{
    public const double UsualStepMargin = 0.05;

    /// <summary>Requests before the first measured one.</summary>
    public long WarmupRequests { get; init; }

    /// <summary>Requests after the last measured one.</summary>
    public long CooldownRequests { get; init; }

    /// <summary>Requests to simulate, warm-up and cool-down included.</summary>
    public required long Requests { get; init; }

    public ulong Seed { get; init; } = 1;

    /// <summary>
    /// The levels that requests name by their place here, each with the limits that goodput counts
    /// against and that early stopping judges; at least one.
    /// </summary>
    public IReadOnlyList<LevelPromise> Levels { get; init; } = [LevelPromise.None];

    /// <summary>Limits where there is one level only.</summary>
    public IReadOnlyList<Limit> Limits
    {
        init => Levels = [LevelPromise.Of(ServiceLevelSpec.Default, value)];
    }

    /// <summary>Stop as soon as it is certain that the limits hold, or that they do not.</summary>
    public bool StopWhenCertain { get; init; }

    /// <summary>
    /// Commit repeated decode steps together. Off only to show that the result is the same.
    /// </summary>
    public bool Leaps { get; init; } = true;

    /// <summary>Split every step's time by what caused it.</summary>
    public bool AttributeTime { get; init; }

    /// <summary>Longest prompt and answer together that the model takes, tokens.</summary>
    public int MaxModelLength { get; init; } = int.MaxValue;

    /// <summary>Batch work beside the interactive requests; null for none.</summary>
    public Workload? BatchWorkload { get; init; }

    /// <summary>Lines of it that come to the fleet; null for a backlog without end.</summary>
    public double? BatchLinesPerSecond { get; init; }

    /// <summary>Time in which a line has to be answered, nanoseconds.</summary>
    public long BatchWindowNs { get; init; } = 86_400_000_000_000;

    /// <summary>How much of it is let through.</summary>
    public BatchGateOptions BatchGate { get; init; } = new();

    /// <summary>
    /// Share of the engine's time that is promised to batch work; the policy <c>slack</c> keeps it.
    /// </summary>
    public double MinBatchShare { get; init; }

    /// <summary>
    /// What a tenant of the batch workload weighs, by its number there; 1 where nothing is said. The policy
    /// <c>slack</c> divides batch work by it.
    /// </summary>
    public IReadOnlyList<int> TenantWeights { get; init; } = [];

    /// <summary>Relative margin that the policy <c>slack</c> adds to predicted steps.</summary>
    public double StepMargin { get; init; } = UsualStepMargin;

    /// <summary>Called with every request when it is done.</summary>
    public CompletedRequestHandler? Observer { get; init; }

    /// <summary>
    /// Called with every step, or run of equal steps, of every replica, in its order of time.
    /// </summary>
    public StepObserver? StepObserver { get; init; }

    /// <summary>Called now and then with the requests arrived so far.</summary>
    public Action<long>? Progress { get; init; }
}
