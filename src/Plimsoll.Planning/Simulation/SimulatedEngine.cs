using System;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Routing;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Planning.Simulation;

/// <summary>
/// One engine rank ready to be simulated: how long its steps take and what its scheduler may do.
/// </summary>
public sealed record SimulatedEngine
{
    public required StepTimeModel StepTime { get; init; }

    public required SchedulerOptions Limits { get; init; }

    public required KvCapacityResult Memory { get; init; }

    public Deployment Deployment => StepTime.Deployment;

    /// <summary>Engine ranks of one replica.</summary>
    public int Ranks => Deployment.DataParallel;

    /// <summary>The engine of a deployment with the best step times there are for it.</summary>
    public static SimulatedEngine Of(
        Deployment deployment, SchedulingPolicy policy, int typicalContextTokens = 4096) =>
        Of(StepTimeCatalogue.ModelOf(deployment), policy, typicalContextTokens);

    /// <summary>
    /// The engine that has these step times. A model that does not fit throws <see cref="BadInputException"/>
    /// saying by how much.
    /// </summary>
    /// <param name="stepTime">How long the steps of what is served take.</param>
    /// <param name="policy">How its scheduler decides.</param>
    /// <param name="typicalContextTokens">Mean context of the workload, which window
    /// layers depend on.</param>
    public static SimulatedEngine Of(
        StepTimeModel stepTime, SchedulingPolicy policy, int typicalContextTokens = 4096)
    {
        var deployment = stepTime.Deployment;
        var memory = KvCapacity.Blocks(deployment, stepTime.Engine.Memory, typicalContextTokens);
        if (!memory.Fits)
            throw DoesNotFit(deployment, memory);
        return new SimulatedEngine
        {
            StepTime = stepTime,
            Memory = memory,
            Limits = EngineLimits.Of(stepTime, memory.Blocks, policy),
        };
    }

    /// <summary>The engine with memory and batch without bound: what its kernels alone allow.</summary>
    public SimulatedEngine WithoutMemoryLimit() => this with
    {
        Limits = Limits with
        {
            NumBlocks = int.MaxValue / (2 * Limits.BlockSize),
            MaxNumSeqs = Math.Max(Limits.MaxNumSeqs, 4096),
        },
    };

    /// <summary>The engine as it would be if its step times were wrong in a drawn way.</summary>
    public SimulatedEngine Drawn(StepErrorDraw draw) => this with { StepTime = StepTime.Drawn(draw) };

    /// <summary>Ranks whose steps wait for each other, because they share experts.</summary>
    public int LockstepRanks => Deployment.SharesExperts ? Ranks : 1;

    /// <summary>So many ranks of this engine.</summary>
    public EnginePool Pool(int ranks = 1) => new(Limits, StepTime, ranks)
    {
        LockstepRanks = Math.Min(ranks, LockstepRanks),
    };

    /// <summary>
    /// Simulates one rank of this engine under a workload, or a fleet of it. A rank that waits for others is
    /// one of all of them, each with this rate; beside batch work it is taken to wait for nobody.
    /// </summary>
    public SimulationResult Run(
        Workload workload, double requestsPerSecond, SimulationOptions options,
        ArrivalProcess process = ArrivalProcess.Own, int? openSessions = null, Fleet? fleet = null)
    {
        workload = ModelWorkload.Of(workload, Deployment.Model);
        var ranks = fleet is null && options.BatchWorkload is null ? LockstepRanks : 1;
        if (ranks > 1)
            fleet = new Fleet { Serving = Pool(ranks), Routing = RoutingPolicy.LeastOutstanding };
        var arrivals = workload.Open(
            requestsPerSecond * ranks, options.Requests, options.Seed, process, openSessions * ranks);
        if (arrivals.PrefixBlockTokens % Limits.BlockSize != 0)
        {
            throw new BadInputException(
                $"{Setting.BlockSize} {Limits.BlockSize}",
                $"does not divide the workload's prefix blocks of {arrivals.PrefixBlockTokens} tokens",
                $"a divisor of {arrivals.PrefixBlockTokens}");
        }
        var caching = Deployment.Engine.EnablePrefixCaching && !Deployment.Model.Attention.Bidirectional;
        var result = FleetSimulation.Run(
            fleet ?? new Fleet { Serving = Pool() }, caching ? arrivals : new KeylessArrivals(arrivals),
            workload.ClosedLoop,
            options with { MaxModelLength = Math.Min(options.MaxModelLength, Deployment.Model.MaxContext) });
        return ranks == 1 ? result : result with
        {
            PromptTokensPerSecond = result.PromptTokensPerSecond / ranks,
            OutputTokensPerSecond = result.OutputTokensPerSecond / ranks,
        };
    }

    static BadInputException DoesNotFit(Deployment deployment, KvCapacityResult memory) => new(
        $"{deployment.Model.Name} with {NumberFormats.Name(deployment.Weights)} weights",
        $"does not fit {deployment.Accelerator.Name} at {Setting.TensorParallel} {deployment.TensorParallel} "
        + $"{Setting.PipelineParallel} {deployment.PipelineParallel}, {memory.MissingGb:0.0} GB per "
        + $"accelerator are missing",
        $"a larger {Setting.TensorParallel}, fewer bytes per {Setting.Weights}, or more memory");
}
