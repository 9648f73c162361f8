using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Choices;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Planning.Compare;

/// <summary>One of two things that are compared.</summary>
public sealed record ComparedSide
{
    public required ModelSpec Model { get; init; }

    /// <summary>Null for the model's as published.</summary>
    public NumberFormat? Weights { get; init; }

    public NumberFormat Kv { get; init; } = NumberFormat.Bf16;

    public required AcceleratorSpec Accelerator { get; init; }

    public required PriceSpec Price { get; init; }

    /// <summary>Engine, scheduler and kernels, of a time where a date was given.</summary>
    public required ComparedEngine Engine { get; init; }

    public required Workload Workload { get; init; }

    public required double RequestsPerSecond { get; init; }

    /// <summary>Empty for work that nobody waits for.</summary>
    public required IReadOnlyList<LevelPromise> Levels { get; init; }

    public Parallelism Parallelism { get; init; } = new(null, null, null, null);

    public EngineTuning Tuning { get; init; } = new();

    public bool IsBatch => Levels.All(level => level.Limits.Count == 0);

    /// <summary>What was done to its workload as it was read, under the workload's name.</summary>
    internal IEnumerable<string> WorkloadNotes() => Workload.Notes.Select(note => $"{Workload.Name}: {note}");

    /// <summary>What is asked of the simulation.</summary>
    internal Serving Serving(long requests, ulong seed)
    {
        var settings = Tuning.Of(
            EngineCatalogue.ServerDefaults(Accelerator, Engine.Name), Accelerator);
        return new Serving
        {
            Deployment = new DeploymentChoice
            {
                Model = Model, Accelerator = Accelerator, Weights = Weights ?? Model.NativeWeights, Kv = Kv,
                Engine = settings with { EngineVersion = Engine.Version },
                TensorParallel = Parallelism.Tensor, PipelineParallel = Parallelism.Pipeline,
                ExpertParallel = Parallelism.Expert, DataParallel = Parallelism.Data, Slower = Engine.Slower,
            },
            Workload = ModelWorkload.Of(Workload, Model),
            RequestsPerSecond = RequestsPerSecond,
            Levels = Levels,
            Policy = Engine.Policy,
            Requests = Workload.Recorded is null ? requests : null,
            Seed = seed,
        };
    }
}

/// <summary>Degrees that are fixed; null leaves one to the search.</summary>
public sealed record Parallelism(int? Tensor, int? Pipeline, int? Expert, int? Data);

/// <summary>What is set otherwise than an engine's server sets it; null leaves a setting alone.</summary>
/// <param name="MaxNumSeqs">Most sequences at once.</param>
/// <param name="MaxNumBatchedTokens">Most new tokens in one step.</param>
/// <param name="Speculation">Drafts and how many are accepted.</param>
/// <param name="PrefixCaching">Whether the prefix cache is on.</param>
/// <param name="MemoryShare">Share of the accelerator's memory that the engine may take.</param>
/// <param name="KvTiers">Memories below the accelerator's, as <see cref="KvTierChoice"/> reads them.</param>
public sealed record EngineTuning(
    int? MaxNumSeqs = null, int? MaxNumBatchedTokens = null, SpeculationSpec? Speculation = null,
    bool PrefixCaching = true, double? MemoryShare = null, string? KvTiers = null)
{
    internal EngineSettings Of(EngineSettings usual, AcceleratorSpec card) => usual with
    {
        MaxNumSeqs = MaxNumSeqs ?? usual.MaxNumSeqs,
        MaxNumBatchedTokens = MaxNumBatchedTokens ?? usual.MaxNumBatchedTokens,
        Speculation = Speculation,
        EnablePrefixCaching = PrefixCaching,
        GpuMemoryUtilization = MemoryShare ?? usual.GpuMemoryUtilization,
        KvTiers = KvTierChoice.Of(KvTiers ?? "none", card),
    };
}

/// <summary>An engine of a release or of a time.</summary>
/// <param name="Name">As people name it.</param>
/// <param name="Version">Release; null for the newest.</param>
/// <param name="Policy">Its scheduler.</param>
/// <param name="Slower">Kernel time over today's.</param>
/// <param name="SlowerLow">At least.</param>
/// <param name="SlowerHigh">At most.</param>
public sealed record ComparedEngine(
    string Name, string? Version, SchedulingPolicy Policy, double Slower = 1, double SlowerLow = 1,
    double SlowerHigh = 1)
{
    /// <summary>What people call it.</summary>
    public string Words => (Version is null ? Name : $"{Name}@{Version}") + $" {Policy.Name}"
        + (Slower == 1 ? "" : System.FormattableString.Invariant($", kernels × {Slower:0.##}"));
}
