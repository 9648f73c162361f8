using System.Collections.Generic;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Routing;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Catalogues;

namespace Plimsoll.Planning.Plans;

/// <summary>
/// What a plan chooses from, one list an axis. A list of degrees that is empty leaves them to the search, as
/// does one of limits to the engine's own.
/// </summary>
public sealed record PlanSpace
{
    public required IReadOnlyList<ModelSpec> Models { get; init; }

    /// <summary>Accelerators with what an hour of one costs.</summary>
    public required IReadOnlyList<(AcceleratorSpec Accelerator, PriceSpec Price)> Accelerators { get; init; }

    /// <summary>Weight formats; null for each model's as published.</summary>
    public IReadOnlyList<NumberFormat?> Weights { get; init; } = [null];

    public IReadOnlyList<NumberFormat> Kv { get; init; } = [NumberFormat.Bf16];

    /// <summary>Engines by name, each with a release or null for the newest.</summary>
    public IReadOnlyList<(string Name, string? Version)> Engines { get; init; } = [(Usual.Engine, null)];

    public IReadOnlyList<int> TensorParallel { get; init; } = [];

    public IReadOnlyList<int> PipelineParallel { get; init; } = [];

    public IReadOnlyList<int> ExpertParallel { get; init; } = [];

    public IReadOnlyList<int> DataParallel { get; init; } = [];

    public IReadOnlyList<int> MaxNumSeqs { get; init; } = [];

    public IReadOnlyList<int> MaxNumBatchedTokens { get; init; } = [];

    public IReadOnlyList<SchedulingPolicy> Policies { get; init; } = [SchedulingPolicy.VllmV1];

    /// <summary>Null where a replica is looked at with its even share of the traffic.</summary>
    public IReadOnlyList<RoutingPolicy?> Routers { get; init; } = [null];

    /// <summary>With and without speculation, where an acceptance is stated.</summary>
    public IReadOnlyList<SpeculationSpec?> Speculations { get; init; } = [null];

    /// <summary>Memories below the accelerators', as <c>KvTierChoice</c> reads them.</summary>
    public IReadOnlyList<string> KvTiers { get; init; } = ["none"];

    /// <summary>Whether a batch is computed as two halves, where experts are exchanged.</summary>
    public IReadOnlyList<bool> TwoBatchOverlaps { get; init; } = [false];

    /// <summary>
    /// Copies of busy experts where they are spread; null for an eighth of them, as DeepSeek has it.
    /// </summary>
    public IReadOnlyList<int?> RedundantExperts { get; init; } = [0];

    /// <summary>Engines that do both.</summary>
    public bool Aggregated { get; init; } = true;

    /// <summary>
    /// Engines that prefill apart from engines that decode, split alike or each in its own way.
    /// </summary>
    public bool Disaggregated { get; init; }

    /// <summary>Settings that all candidates share: block size, memory share, prefix cache.</summary>
    public EngineSettings Settings { get; init; } = new();
}
