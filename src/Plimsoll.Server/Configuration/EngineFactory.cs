using System;
using System.Collections.Generic;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Engine.Simulated;
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
        var stepTime = StepTime(config);
        var deployment = stepTime.Deployment;
        return new SimulatedOptions
        {
            Model = name,
            StepTime = stepTime,
            Limits = Limits(stepTime, config) with { Levels = levels },
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

    /// <summary>A twin that keeps the strictest promise of all interactive levels.</summary>
    public static TwinOptions Twin(SimulatedConfig config, IReadOnlyList<ServiceLevelSpec> levels)
    {
        var stepTime = StepTime(config);
        var limits = Limits(stepTime, config);
        if (limits.Policy.Slack is not null)
        {
            throw new BadInputException(
                $"twin: policy {config.Policy}: expected what the upstream runs, as vllm-v1");
        }
        long? ttftNs = null, itlNs = null;
        foreach (var level in levels)
        {
            ttftNs = level.TtftNs is { } ttft ? Math.Min(ttft, ttftNs ?? ttft) : ttftNs;
            itlNs = level.ItlNs is { } itl ? Math.Min(itl, itlNs ?? itl) : itlNs;
        }
        var options = new TwinOptions { Limits = limits, StepTime = stepTime };
        return options with
        {
            TtftNs = ttftNs ?? options.TtftNs,
            ItlNs = itlNs ?? options.ItlNs,
            Slices = config.PrefixCaching,
        };
    }

    public static StepTimeModel StepTime(SimulatedConfig config)
    {
        var model = Catalogue.BuiltIn.FindModel(config.Model);
        var accelerator = Catalogue.BuiltIn.FindAccelerator(config.Gpu);
        var usual = EngineCatalogue.ServerDefaults(accelerator);
        if (config.Tp < 1 || config.Tp > 64)
            throw new BadInputException($"tp {config.Tp}: expected 1 to 64");
        var deployment = new Deployment
        {
            Model = model,
            Accelerator = accelerator,
            TensorParallel = config.Tp,
            Weights = config.Weights is null ? model.NativeWeights : Format(config.Weights, "weights"),
            Kv = Format(config.Kv, "kv"),
            Engine = usual with
            {
                MaxNumSeqs = config.MaxNumSeqs ?? usual.MaxNumSeqs,
                MaxNumBatchedTokens = config.MaxNumBatchedTokens ?? usual.MaxNumBatchedTokens,
                NumGpuBlocks = config.NumGpuBlocks,
                BlockSize = config.BlockSize,
                EnablePrefixCaching = config.PrefixCaching,
            },
        };
        return config.Profile is null
            ? StepTimeCatalogue.ModelOf(deployment)
            : FittedStepTimes.Read(config.Profile).ModelOf(deployment, contextTokens: null);
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

    static NumberFormat Format(string text, string key) => NumberFormats.TryParse(text, out var format)
        ? format
        : throw new BadInputException($"{key} {text}: expected bf16, fp8, int8, fp4 or int4");
}
