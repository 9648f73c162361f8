using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Measured;
using Plimsoll.Planning.Calibration;
using Plimsoll.Planning.Validation;
using Plimsoll.Tests.Catalogues;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Calibration;

/// <summary>
/// A card pretended to be new: two of its runs are fitted to, the least and the most loaded of one
/// parallelism and length, and every other one is predicted. What is reached is printed; the bounds hold what
/// it is today.
/// </summary>
public sealed class NewCardTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("Llama-3.1-8B, h100_sxm, trtllm, bf16", false, 6)]
    [InlineData("Llama-3.1-8B, h100_sxm, trtllm, bf16", true, 8)]
    [InlineData("Qwen3-32B, h100_sxm, vllm, bf16", false, 8)]
    [InlineData("Qwen3-32B, h100_sxm, vllm, bf16", true, 7)]
    [InlineData("Qwen3-32B, h100_sxm, trtllm, fp8", false, 10)]
    [InlineData("Qwen3-32B, h100_sxm, trtllm, fp8", true, 18)]
    [InlineData("Llama-3.1-70B, h100_sxm, vllm, fp8", false, 7)]
    [InlineData("Llama-3.1-70B, h100_sxm, vllm, fp8", true, 10)]
    public void Closed_loops(string group, bool datasheet, double withinPercent)
    {
        var file = ModelOracleTests.SharedData("measured/inferencemax-points.csv.gz");
        Assert.SkipUnless(File.Exists(file), "the shared data is not here");
        var points = InferenceMaxPoints.Read(file)
            .Where(p => p.Group.StartsWith(group, StringComparison.Ordinal)).ToList();
        var family = points
            .GroupBy(p => (p.Observation.Deployment.TensorParallel, p.PromptTokens, p.OutputTokens))
            .MaxBy(g => g.Count())!;
        int[] chosen =
            [points.IndexOf(family.MinBy(p => p.Concurrency)!),
                points.IndexOf(family.MaxBy(p => p.Concurrency)!)];
        Median(Errors(group, [.. points.Select(p => p.Observation)], chosen, datasheet))
            .ShouldBeLessThan(withinPercent);
    }

    /// <summary>
    /// A100's PCIe board from the kernels of the SXM board or from the datasheet: from a moderate and a
    /// saturating load, as a user would choose them, and from every third pair of its seven loads.
    /// </summary>
    [Theory]
    [InlineData(false, 8, 10)]
    [InlineData(true, 11, 11)]
    public void Arrivals_on_A100(bool datasheet, double withinPercent, double anyPairWithinPercent)
    {
        var file = ModelOracleTests.SharedData("measured/measured-cost-vs-load-h100-a100.csv");
        Assert.SkipUnless(File.Exists(file), "the shared data is not here");
        var (advised, any) = (new List<double>(), new List<double>());
        var measured = LoadSweepRuns.Read(file, "A100", []).Where(r => r.Deployment.Engine.Engine == "vllm");
        foreach (var group in measured.GroupBy(NewCard.GroupOf))
        {
            var runs = group.OrderBy(r => ((ReplayedLoad)r.Load).Arrivals[^1].AtNs).Reverse().ToList();
            for (var low = 0; low < runs.Count; low++)
            {
                for (var high = low + 1 + ((low + 2) % 3); high < runs.Count; high += 3)
                    any.AddRange(Errors(null, runs, [low, high], datasheet));
            }
            advised.AddRange(Errors(group.Key, runs, [1, runs.Count - 1], datasheet));
        }
        output.WriteLine($"all {advised.Count} others: TPOT median {Median(advised):0.0} %; from any pair: "
            + $"{Median(any):0.0} %");
        Median(advised).ShouldBeLessThan(withinPercent);
        Median(any).ShouldBeLessThan(anyPairWithinPercent);
    }

    IReadOnlyList<double> Errors(string? name, List<Observation> runs, int[] chosen, bool datasheet)
    {
        if (datasheet)
        {
            runs = [.. runs.Select(r => r with
            {
                Curves = EfficiencyCurves.Datasheet(r.Deployment.Accelerator, r.Deployment.Engine.Engine),
            })];
        }
        var predictions = NewCard.Predict(runs, chosen);
        var (before, after) =
            (Median(predictions.Select(p => p.UnfittedPercent)), Median(predictions.Select(p => p.Percent)));
        if (name is not null)
        {
            output.WriteLine(
                $"{name}, from the {(datasheet ? "datasheet" : "kernels")} tier: TPOT median {before:0.0} % "
                + $"unfitted, {after:0.0} % on {predictions.Count} others");
        }
        return [.. predictions.Select(p => p.Percent)];
    }

    static double Median(IEnumerable<double> errors)
    {
        var sorted = errors.Select(Math.Abs).Order().ToList();
        return sorted[sorted.Count / 2];
    }
}
