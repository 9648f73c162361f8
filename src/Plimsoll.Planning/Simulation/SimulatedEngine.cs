using System;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
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
    /// <param name="typicalContextTokens">Mean context of the workload, which window layers depend
    /// on.</param>
    public static SimulatedEngine Of(
        StepTimeModel stepTime, SchedulingPolicy policy, int typicalContextTokens = 4096)
    {
        var deployment = stepTime.Deployment;
        var memory = KvCapacity.Blocks(deployment, typicalContextTokens);
        if (!memory.Fits)
            throw new BadInputException(DoesNotFit(deployment, memory));
        var engine = deployment.Engine;
        return new SimulatedEngine
        {
            StepTime = stepTime,
            Memory = memory,
            Limits = new SchedulerOptions
            {
                Policy = policy,
                MaxNumSeqs = engine.MaxNumSeqs,
                // A simulated step is one round of all micro-batches in flight: each has a budget of its own,
                // and a prompt is in one of them only.
                MaxNumBatchedTokens = engine.MaxNumBatchedTokens * deployment.PipelineParallel,
                NumBlocks = memory.Blocks,
                BlockSize = engine.BlockSize,
                LongPrefillTokenThreshold = deployment.PipelineParallel == 1
                    ? engine.LongPrefillTokenThreshold
                    : Math.Min(
                        engine.MaxNumBatchedTokens, engine.LongPrefillTokenThreshold is > 0 and var least
                        ? least
                        : int.MaxValue),
            },
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

    /// <summary>So many ranks of this engine.</summary>
    public EnginePool Pool(int replicas = 1) => new(Limits, StepTime, replicas);

    /// <summary>Simulates one rank of this engine under a workload, or a fleet of it.</summary>
    public SimulationResult Run(
        Workload workload, double requestsPerSecond, SimulationOptions options,
        ArrivalProcess process = ArrivalProcess.Own, int? openSessions = null, Fleet? fleet = null)
    {
        var arrivals =
            workload.Open(requestsPerSecond, options.Requests, options.Seed, process, openSessions);
        if (arrivals.PrefixBlockTokens % Limits.BlockSize != 0)
        {
            throw new BadInputException(
                $"--block-size {Limits.BlockSize} does not divide the workload's prefix blocks of "
                + $"{arrivals.PrefixBlockTokens} tokens; expected a divisor of {arrivals.PrefixBlockTokens}");
        }
        var caching = Deployment.Engine.EnablePrefixCaching;
        return FleetSimulation.Run(
            fleet ?? new Fleet { Serving = Pool() }, caching ? arrivals : new KeylessArrivals(arrivals),
            workload.ClosedLoop,
            options with { MaxModelLength = Math.Min(options.MaxModelLength, Deployment.Model.MaxContext) });
    }

    static string DoesNotFit(Deployment deployment, KvCapacityResult memory) =>
        FormattableString.Invariant(
            $"{deployment.Model.Name} with {deployment.Weights} weights does not fit ")
        + FormattableString.Invariant($"{deployment.Accelerator.Name} at --tp {deployment.TensorParallel} ")
        + FormattableString.Invariant(
            $"--pp {deployment.PipelineParallel}: it needs {memory.MissingGb:0.0} GB ")
        + "more per accelerator; expected a larger --tp, fewer bytes per --weights, or more memory";
}
