using System;
using System.Collections.Generic;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Models;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Profiles;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Planning.Accounts;

/// <summary>What is asked of an account, resolved: no names left to look up.</summary>
public sealed record AccountRequest
{
    public required ModelSpec Model { get; init; }

    public required AcceleratorSpec Accelerator { get; init; }

    /// <summary>
    /// Degrees of parallelism; null leaves the choice to the account: the cheapest that fits.
    /// </summary>
    public int? TensorParallel { get; init; }

    public int? PipelineParallel { get; init; }

    public int? ExpertParallel { get; init; }

    public int? DataParallel { get; init; }

    public required NumberFormat Weights { get; init; }

    public required NumberFormat Kv { get; init; }

    public required EngineSettings Engine { get; init; }

    /// <summary>Step times fitted to the user's own engine; the catalogue's when null.</summary>
    public FittedStepTimes? Profile { get; init; }

    public SchedulingPolicy Policy { get; init; } = SchedulingPolicy.VllmV1;

    public required Workload Workload { get; init; }

    /// <summary>Mean demand on the whole fleet, requests per second.</summary>
    public required double RequestsPerSecond { get; init; }

    /// <summary>Limits of the interactive class.</summary>
    public required IReadOnlyList<Limit> Promise { get; init; }

    /// <summary>Completion window of the batch class, nanoseconds.</summary>
    public required long BatchWindowNs { get; init; }

    public required PriceSpec Price { get; init; }

    /// <summary>Requests of each simulated probe.</summary>
    public long Requests { get; init; } = 20_000;

    public ulong Seed { get; init; } = 1;

    /// <summary>
    /// Replicas beyond what the busiest hour needs, so that one may fail; interactive only.
    /// </summary>
    public int SpareReplicas { get; init; } = 1;

    /// <summary>Told the share of the work that is done, 0 to 1, one thread at a time.</summary>
    public Action<double>? Progress { get; init; }
}
