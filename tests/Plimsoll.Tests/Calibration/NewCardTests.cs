using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Core.Timing;
using Plimsoll.Planning.Calibration;
using Plimsoll.Planning.Validation;
using Plimsoll.Planning.Simulation;
using Plimsoll.Core.Scheduling;
using Plimsoll.Tests.Catalogues;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Calibration;

public sealed class NewCardTests(ITestOutputHelper output)
{
    [Fact]
    public void Explore()
    {
        var file = ModelOracleTests.SharedData("measured/inferencemax-points.csv.gz");
        Assert.SkipUnless(File.Exists(file), "the shared data is not here");
        foreach (var group in InferenceMaxPoints.Read(file).GroupBy(p => p.Group))
        {
            var points = group.Where(p => { try { SimulatedEngine.Of(p.Observation.Deployment, SchedulingPolicy.VllmV1); return true; } catch (Exception) { return false; } }).ToList();
            if (points.Count < 12)
                continue;
            var family = points.GroupBy(p => (p.Observation.Deployment.TensorParallel, p.Observation.Deployment.DataParallel, p.PromptTokens, p.OutputTokens)).OrderByDescending(g => g.Count()).First();
            var lo = points.IndexOf(family.MinBy(p => p.Concurrency)!);
            var hi = points.IndexOf(family.MaxBy(p => p.Concurrency)!);
            Report(group.Key, [.. points.Select(p => p.Observation)], [lo, hi]);
        }
    }

    [Fact]
    public void A100()
    {
        var file = ModelOracleTests.SharedData("measured/measured-cost-vs-load-h100-a100.csv");
        Assert.SkipUnless(File.Exists(file), "the shared data is not here");
        foreach (var group in CostVsLoadPoints.Read(file).GroupBy(p => p.Group))
        {
            var points = group.ToList();
            Report(group.Key, [.. points.Select(p => p.Observation)], [points.FindIndex(p => p.RequestsPerSecond == 1), points.FindIndex(p => p.RequestsPerSecond == 100)], true);
        }
    }

    void Report(string name, List<Observation> runs, int[] chosen, bool all = false)
    {
        foreach (var tier in new[] { "kernels", "datasheet" })
        {
            if (tier == "datasheet")
                runs = [.. runs.Select(r => r with { Curves = EfficiencyCurves.Datasheet(r.Deployment.Accelerator, r.Deployment.Engine.Engine) })];
            var p = NewCard.Predict(runs, chosen);
            if (all)
                foreach (var x in p)
                    output.WriteLine($"     {x.Run.Name} measured {x.Run.Measured.TpotMs:0.0} unfitted {x.UnfittedPercent:0.0} fitted {x.Percent:0.0}");
            var fit = ScaleFit.Fit([.. chosen.Select(i => runs[i])], new ScaleFitOptions { Terms = Identification.Terms(runs[0].Deployment, [new Planning.Calibration.Readers.Configuration { Key = "", Runs = runs }]) });
            output.WriteLine($"{name,-50} {tier,-10} n {p.Count,4} unfitted {Med(p.Select(x => x.UnfittedPercent)),6:0.0} fitted {Med(p.Select(x => x.Percent)),6:0.0} bias {p.Average(x => x.Percent),6:0.0} {string.Join(" ", fit.Fitted.Select(t => $"{t}={fit.Scale[t]:0.00}"))}");
        }
    }

    static double Med(IEnumerable<double> v)
    {
        var s = v.Select(Math.Abs).Order().ToList();
        return s[s.Count / 2];
    }
}
