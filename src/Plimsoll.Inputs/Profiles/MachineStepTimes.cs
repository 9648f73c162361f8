using System;
using System.Collections.Generic;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;

namespace Plimsoll.Inputs.Profiles;

/// <summary>A machine's own step times, and the deployment that they belong to.</summary>
/// <param name="file">The profile's file as the user wrote it.</param>
/// <param name="profile">What was timed.</param>
public sealed class MachineStepTimes(string file, MachineProfile profile) : IStepTimeProfile
{
    /// <summary>Use beyond the timed steps widens the interval by a tenth each way.</summary>
    const double Widening = 0.1;

    public string File => file;

    /// <summary>The one deployment that was timed.</summary>
    /// <param name="settings">May lower its limits.</param>
    public Deployment DeploymentOf(Func<EngineSettings, EngineSettings> settings) => new()
    {
        Model = Model(),
        Accelerator = Machine(),
        Weights = Weights,
        Engine = settings(new EngineSettings
        {
            Engine = profile.Engine.Name,
            EngineVersion = profile.Engine.Release,
            MaxNumSeqs = profile.Engine.MaxNumSeqs,
            MaxNumBatchedTokens = profile.Engine.MaxNumBatchedTokens,
            BlockSize = profile.Engine.BlockSize,
            NumGpuBlocks = profile.Engine.NumBlocks,
            GpuMemoryUtilization = 1,
        }),
    };

    public StepTimeModel ModelOf(Deployment deployment, int? contextTokens)
    {
        var own = DeploymentOf(settings => settings);
        if (deployment.Model != own.Model || deployment.Accelerator != own.Accelerator
            || deployment.Accelerators != 1 || deployment.Weights != own.Weights)
        {
            throw new BadInputException(
                file, $"is a profile of {own.Model.Name} on {own.Accelerator.Name}", "nothing else");
        }
        var notes = new List<string>
        {
            FormattableString.Invariant($"fitted: {file}, {profile.FittedSteps} steps timed on ")
            + FormattableString.Invariant($"{profile.AsOf}; median error of {profile.HeldOutSteps} others ")
            + FormattableString.Invariant($"{profile.MedianErrorPercent:0.0} %"),
        };
        Beyond("max-num-seqs", profile.Engine.MaxNumSeqs, deployment.Engine.MaxNumSeqs);
        Beyond(
            "max-num-batched-tokens", profile.Engine.MaxNumBatchedTokens,
            deployment.Engine.MaxNumBatchedTokens);
        var band = new ErrorBand(profile.StepError.Low, profile.StepError.High);
        var error = new PredictionError(band, new ErrorBand(1, 1)).Widened((notes.Count - 1) * Widening);
        var curves = EfficiencyCurves.Datasheet(deployment.Accelerator, profile.Engine.Name) with
        {
            EngineVersion = profile.Engine.Release, Tier = Tier.Fitted, Sources = [file],
            Steps = profile.Steps,
        };
        return new StepTimeModel(deployment, curves, Engine(), null, new FittedError(error, notes));

        void Beyond(string what, int measured, int asked)
        {
            if (asked > measured)
            {
                notes.Add(
                    $"{file} was timed at {what} {measured} and is used at {asked}: "
                    + "interval widened by a tenth");
            }
        }
    }

    NumberFormat Weights => NumberFormats.TryParse(profile.Model.Weights, out var format)
        ? format
        : throw new InvalidOperationException("a profile's weights are checked when it is read");

    ModelSpec Model()
    {
        var model = profile.Model;
        return new ModelSpec
        {
            Name = model.Name,
            Family = model.Family,
            Layers = model.Layers,
            Hidden = model.Hidden,
            Vocabulary = model.Vocabulary,
            TiedEmbeddings = model.TiedEmbeddings,
            Attention = new AttentionSpec
            {
                Form = AttentionForm.Grouped,
                Heads = model.Heads,
                KvHeads = model.KvHeads,
                HeadDim = model.HeadDim,
                ValueHeadDim = model.ValueHeadDim,
                FullLayers = model.Layers,
            },
            FeedForward = new FeedForwardSpec
            {
                Intermediate = model.Intermediate, DenseLayers = model.Layers, Gated = model.Gated,
            },
            MaxContext = model.MaxContext,
            NativeWeights = Weights,
            Parameters = model.Parameters,
            ActiveParameters = model.Parameters,
            Source = $"{model.File} (sha256 {model.Sha256[..Math.Min(12, model.Sha256.Length)]}…)",
            AsOf = profile.AsOf,
        };
    }

    AcceleratorSpec Machine() => new()
    {
        Name = profile.Machine.Threads == 1
            ? $"{profile.Machine.Name}, one thread"
            : $"{profile.Machine.Name}, {profile.Machine.Threads} threads",
        Key = "this-machine",
        Vendor = "own",
        // The rate of products in the file's own format, whatever the column is called.
        Bf16Tflops = profile.Machine.PeakTflops,
        MemoryGb = profile.Machine.MemoryGb,
        DeviceGib = profile.Machine.MemoryGb * 1e9 / (1 << 30),
        MemoryGbPerSecond = profile.Machine.MemoryGbPerSecond,
        ScaleUpGbPerSecond = 0,
        ScaleUpWorld = 1,
        Launch = profile.AsOf[..Math.Min(7, profile.AsOf.Length)],
        Source = $"{file}: loops that only multiply, or only read, on {profile.AsOf}",
    };

    /// <summary>What stands around the steps: they were timed whole, so nothing is added to them.</summary>
    EngineSpec Engine()
    {
        var none = new CentredBand(1, 1, 1);
        return new EngineSpec
        {
            Name = profile.Engine.Name,
            Scheduling = new EngineSchedulingSpec
            {
                Source = file, AsOf = profile.AsOf, ReservesFullPrompts = false, FindsPreempted = false,
            },
            Overhead = new EngineOverheadSpec
            {
                Source = file, AsOf = profile.AsOf, Overlaps = false, StepsAhead = 0, StepNs = 0,
                SequenceNs = 0, TokenNs = 0, ExposedNs = 0, ExposedSequenceNs = 0, GraphGapNs = 0,
                LaunchNs = 0,
                GraphTokens = 0, RequestNs = profile.Engine.RequestNs,
            },
            Memory = new EngineMemorySpec
            {
                Source = file, AsOf = profile.AsOf, Share = MemoryShare.OfAll, RankGib = 0, CollectiveGib = 0,
            },
            Errors = new EngineErrorSpec
            {
                Source = file, AsOf = profile.AsOf, Dense = none, Experts = none, FirstToken = none,
                ExpertsFirstToken = none, Sequences = new ErrorBand(1, 1), DatasheetWidening = 0,
            },
        };
    }
}
