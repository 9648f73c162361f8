using System;
using System.Collections.Generic;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Engine.Simulated;
using Plimsoll.Engine.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Profiles;
using Plimsoll.Server.Twins;

namespace Plimsoll.Server.Configuration;

/// <summary>Makes a simulated engine, or the twin of a real one, of what the configuration says.</summary>
public static class EngineFactory
{
    /// <summary>Context that window layers are charged at when memory is counted.</summary>
    const int TypicalContextTokens = 4096;

    public static SimulatedOptions Simulated(
        string name, SimulatedConfig config, IReadOnlyList<ServiceLevelSpec> levels)
    {
        var steps = Steps(config);
        var stepTime = steps.Build();
        var deployment = stepTime.Deployment;
        var limits = Limits(stepTime, config);
        return new SimulatedOptions
        {
            Steps = steps,
            Model = name,
            StepTime = stepTime,
            Limits = limits with
            {
                Levels = levels, Policy = KvTierChoice.WithHost(limits.Policy, deployment),
            },
            Ranks = config.Replicas is >= 1 and <= 1024
                ? config.Replicas
                : throw new BadInputException(
                    $"model {name}: replicas {config.Replicas}: expected 1 to 1024"),
            MaxModelTokens = config.MaxModelLen ?? deployment.Model.MaxContext,
            MedianOutputTokens = config.MedianOutputTokens,
            Seed = config.Seed,
            Faults = Faults(config.Faults),
        };
    }

    /// <summary>
    /// A twin that keeps the strictest promise of all interactive levels. What the engine could not keep for
    /// a request that it has to itself is left out, and told: nothing may wait for what cannot be.
    /// </summary>
    /// <param name="impossible">Told of such a promise, in a line.</param>
    public static TwinOptions Twin(
        SimulatedConfig config, IReadOnlyList<ServiceLevelSpec> levels, Action<string> impossible)
    {
        var stepTime = StepTime(config);
        var limits = Limits(stepTime, config);
        if (limits.Policy.Slack is not null)
        {
            throw new BadInputException(
                $"twin: policy {config.Policy}: expected what the upstream runs, as vllm-v1");
        }
        var (aloneTtftNs, aloneItlNs) = Alone(stepTime);
        long? ttftNs = null, itlNs = null;
        foreach (var level in levels)
        {
            ttftNs = Stricter(ttftNs, level.TtftNs, aloneTtftNs, $"level {level.Name}: ttft");
            itlNs = Stricter(itlNs, level.ItlNs, aloneItlNs, $"level {level.Name}: itl");
        }
        var options = new TwinOptions { Limits = limits, StepTime = stepTime };
        return options with
        {
            TtftNs = ttftNs ?? options.TtftNs,
            ItlNs = itlNs ?? options.ItlNs,
            Slices = config.PrefixCaching,
        };

        long? Stricter(long? before, long? promised, long aloneNs, string whose)
        {
            if (promised is not { } promise)
                return before;
            if (promise >= aloneNs)
                return Math.Min(promise, before ?? promise);
            impossible(
                FormattableString.Invariant($"{whose} {promise / 1e6:0.###} ms: a request alone takes ")
                + FormattableString.Invariant($"{aloneNs / 1e6:0.###} ms; batch work does not wait for it"));
            return before;
        }
    }

    /// <summary>First token and gap of a request of one token that an engine has to itself.</summary>
    static (long TtftNs, long ItlNs) Alone(StepTimeModel stepTime)
    {
        var prompt = new StepShape();
        prompt.AddChunk(0, 1, endsPrompt: true);
        var decode = new StepShape { Decodes = 1, DecodeContextTokens = 1, LogitRows = 1 };
        return (stepTime.RequestOverhead.Ns(1) + stepTime.PredictNs(prompt), stepTime.PredictNs(decode));
    }

    public static StepTimeModel StepTime(SimulatedConfig config) => Steps(config).Build();

    /// <summary>What the step times of a configuration are made of.</summary>
    static DeploymentSteps Steps(SimulatedConfig config)
    {
        var usual = EngineCatalogue.ServerDefaults(Catalogue.BuiltIn.FindAccelerator(config.Gpu));
        if (config.Tp < 1 || config.Tp > 64)
            throw new BadInputException($"tp {config.Tp}: expected 1 to 64");
        return new DeploymentSteps
        {
            Model = config.Model,
            Gpu = config.Gpu,
            Tp = config.Tp,
            Weights = config.Weights,
            Kv = config.Kv,
            Engine = usual with
            {
                MaxNumSeqs = config.MaxNumSeqs ?? usual.MaxNumSeqs,
                MaxNumBatchedTokens = config.MaxNumBatchedTokens ?? usual.MaxNumBatchedTokens,
                NumGpuBlocks = config.NumGpuBlocks,
                BlockSize = config.BlockSize,
                EnablePrefixCaching = config.PrefixCaching,
            },
            ProfileFile = config.Profile,
            Profile = config.Profile is { } file ? ProfileFile.Write(ProfileFile.Read(file)) : null,
        };
    }

    public static SchedulerOptions Limits(StepTimeModel stepTime, SimulatedConfig config)
    {
        var deployment = stepTime.Deployment;
        if (!SchedulingPolicy.All.TryFind(config.Policy, out var policy))
            throw new BadInputException($"policy {config.Policy}", "", $"{SchedulingPolicy.All}");
        var memory = KvCapacity.Blocks(deployment, stepTime.Engine.Memory, TypicalContextTokens);
        if (!memory.Fits)
        {
            throw new BadInputException(
                $"{deployment.Model.Name} does not fit {deployment.Accelerator.Name} at tp {config.Tp}: "
                + FormattableString.Invariant($"it needs {memory.MissingGb:0.0} GB more per accelerator; ")
                + "expected a larger tp");
        }
        var limits = EngineLimits.Of(stepTime, memory.Blocks, policy);
        return limits with
        {
            PrefixBlockTokens = config.PrefixCaching ? config.BlockSize : 0,
            FindsPreempted = limits.FindsPreempted && config.PrefixCaching,
        };
    }

    /// <summary>USD per hour of one engine rank: its accelerators at the catalogue's price, or what is
    /// said.</summary>
    public static decimal PricePerHour(ModelConfig model, Deployment deployment) =>
        model.PriceUsdPerHour
        ?? (Catalogue.BuiltIn.FindPrice(deployment.Accelerator, null).UsdPerHour * deployment.Accelerators);

    static SimulatedFaults Faults(FaultConfig? config)
    {
        if (config is null)
            return SimulatedFaults.None;
        foreach (var share in new[] { config.Errors, config.Stalls, config.Drops, config.SlowFirstTokens })
        {
            if (!(share >= 0 && share <= 1))
                throw new BadInputException($"faults: {share}: expected shares from 0 to 1");
        }
        return new SimulatedFaults
        {
            ErrorShare = config.Errors,
            StallShare = config.Stalls,
            DropShare = config.Drops,
            SlowFirstTokenShare = config.SlowFirstTokens,
            StallNs = PromiseText.Duration(config.Stall, "faults: stall"),
            SlowFirstTokenNs = PromiseText.Duration(config.SlowFirstToken, "faults: slow_first_token"),
        };
    }
}
