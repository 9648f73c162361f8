using System;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Measured;

namespace Plimsoll.Planning.Calibration;

/// <summary>
/// Refuses measurements that no fit should see: times below what the memory bandwidth allows, in another unit
/// than their form has, or so far from the prediction that something else was measured.
/// </summary>
static class Plausibility
{
    /// <summary>Milliseconds and seconds lie a thousand apart.</summary>
    const double AnotherUnit = 200;

    /// <summary>No kernel table is so wrong about a step.</summary>
    const double AnotherEngine = 10;

    /// <summary>
    /// Matrix products of a measured card lie within a fifth of their tables; what asks for this much more or
    /// less of them is another model, another card or another engine.
    /// </summary>
    const double AnotherModel = 2;

    /// <summary>Refuses a fit that measured kernels contradict.</summary>
    public static void Check(MeasuredInput input, Deployment deployment, StepScale fitted)
    {
        var products = fitted[StepTerm.Products];
        var factor = Math.Max(products, 1 / products);
        if (factor > AnotherModel && StepTimeCatalogue.ModelOf(deployment).Tier != Tier.Datasheet)
        {
            throw new BadInputException(
                input.File,
                $"asks for {products:0.00} times the measured matrix products of {deployment.Model.Name} on "
                + $"{deployment.Accelerator.Name}",
                $"the deployment that was measured ({Setting.Model}, {Setting.Accelerator}, "
                + $"{Setting.TensorParallel}, …), or an engine with those kernels");
        }
    }

    public static void Check(MeasuredInput input)
    {
        foreach (var configuration in input.Configurations)
        {
            foreach (var run in configuration.Runs)
                Check(input, run);
            foreach (var log in configuration.Logs)
                Check(input, log);
        }
    }

    static void Check(MeasuredInput input, Observation run)
    {
        var predicted = Replay.Of(run, StepScale.None).Predicted;
        foreach (var metric in new[] { Metric.Ttft, Metric.Tpot })
        {
            if (run.Measured[metric] is { } measured && predicted[metric] is > 0 and var expected)
            {
                CheckRatio(
                    input, run.Name, metric.ToString().ToUpperInvariant(), measured, expected,
                    metric == Metric.Tpot);
            }
        }
        var shape = new StepShape { Decodes = 1, DecodeContextTokens = run.Load.MeanContextTokens };
        if (run.Measured.TpotMs is { } tpot)
            CheckFloor(input.File, run.Name, "TPOT", 1e6 * tpot, run.Deployment, shape);
    }

    static void Check(MeasuredInput input, StepLog log)
    {
        var ratio = Math.Exp(log.LogError(StepScale.None));
        double sum = 0;
        foreach (var step in log.Steps)
            sum += step.DurationNs;
        var mean = sum / log.Steps.Count / 1e6;
        CheckRatio(input, log.Name, "the mean step", mean, mean * ratio, mayNotDiffer: true);
        foreach (var step in log.Steps)
            CheckFloor(input.File, log.Name, "a step", step.DurationNs, log.Deployment, step.Shape);
    }

    static void CheckRatio(
        MeasuredInput input, string name, string figure, double measuredMs, double predictedMs,
        bool mayNotDiffer)
    {
        var factor = Math.Max(measuredMs / predictedMs, predictedMs / measuredMs);
        BadInputText said =
            $"{figure} is {measuredMs:G3} ms where about {predictedMs:G3} ms is predicted, "
            + $"a factor of {factor:0}";
        if (factor > AnotherUnit)
            throw new BadInputException(Where(input.File, name), $"{said}: wrong units", input.Units);
        if (mayNotDiffer && factor > AnotherEngine)
        {
            throw new BadInputException(
                Where(input.File, name), said, $"the deployment that was measured "
                + $"({Setting.Model}, {Setting.Accelerator}, {Setting.TensorParallel}, …)");
        }
    }

    static void CheckFloor(
        string file, string name, string figure, double measuredNs, Deployment deployment, in StepShape shape)
    {
        var floorNs = ModelLimits.FloorNsPerStep(deployment, shape);
        if (measuredNs < floorNs)
        {
            throw new BadInputException(FormattableString.Invariant(
                $"{Where(file, name)}: impossible timing, {figure} of {measuredNs / 1e6:0.###} ms is ")
                + FormattableString.Invariant($"below the {floorNs / 1e6:0.###} ms that ")
                + "reading weights and KV takes; "
                + "expected one token per step on this accelerator (no speculative decoding)");
        }
    }

    static string Where(string file, string name) =>
        name.StartsWith(file, StringComparison.Ordinal) ? name : $"{file}, {name}";
}
