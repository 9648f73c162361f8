using System;
using System.Collections.Generic;
using Plimsoll.Core.Measures;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Bench.Load;

/// <summary>A service level: traffic with a promise, a key and a priority of its own.</summary>
public sealed record LevelOptions
{
    public string Name { get; init; } = "default";

    /// <summary>Null where lengths are stated instead, or where the prompts of a file are sent.</summary>
    public Workload? Workload { get; init; }

    public LengthOptions? Lengths { get; init; }

    /// <summary>Mean requests per second; infinite for a closed loop of <see cref="Clients"/>.</summary>
    public double RequestsPerSecond { get; init; }

    /// <summary>Null for the workload's own arrivals; else the shape of gamma gaps.</summary>
    public double? Burstiness { get; init; }

    /// <summary>Independent users instead of the workload's own arrivals.</summary>
    public bool Poisson { get; init; }

    public IReadOnlyList<RateStage> Stages { get; init; } = [];

    /// <summary>Clients of a closed loop; null for an open one.</summary>
    public int? Clients { get; init; }

    public long Requests { get; init; }

    /// <summary>Whether nobody said how many: a shorter trace is then not begun again.</summary>
    public bool EndsWithTrace { get; init; }

    /// <summary>As many of a workload as it has where nobody said how many.</summary>
    public long RequestsOf(Workload? workload) =>
        EndsWithTrace && workload?.Recorded is { } recorded ? Math.Min(Requests, recorded) : Requests;

    public ulong Seed { get; init; } = 1;

    /// <summary>What is promised; judged per level.</summary>
    public IReadOnlyList<Limit> Promise { get; init; } = [];

    /// <summary>
    /// Whether the percentiles of <see cref="Promise"/> were stated; goodput alone needs none.
    /// </summary>
    public bool Judged { get; init; } = true;

    public string? ApiKey { get; init; }

    /// <summary>vLLM's: lower is served first; null for none.</summary>
    public int? Priority { get; init; }

    /// <summary>OpenAI's <c>service_tier</c>; null for none.</summary>
    public string? ServiceTier { get; init; }
}
