using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Timing;
using Plimsoll.Planning.Calibration;

namespace Plimsoll.Planning.Validation.Sets;

/// <summary>
/// A card that nobody measured: its kernels are forgotten, the datasheet stands in, and two of its runs calibrate
/// it. Two runs are the lightest and the heaviest load of one parallelism and one pair of lengths.
/// </summary>
public sealed class NewCardSet : IValidationSet
{
    const string Unfitted = "datasheet alone";
    const string Fitted = "datasheet, calibrated on two runs";

    /// <summary>A group with fewer runs says little of the rest.</summary>
    const int LeastRuns = 12;

    public string Name => "new-card";

    public string Source => "measured/inferencemax-points.csv.gz";

    public SetReport Run(string folder, Action<double> progress)
    {
        var dropped = new DropTally();
        var groups = InferenceMaxPoints.Read(Path.Combine(folder, Source))
            .Where(p => p.Observation.Deployment.Model.FeedForward.MoeLayers == 0 && HeldOut.Unfit(p.Observation) is null)
            .GroupBy(p => p.Group).ToList();
        var points = new List<ValidationPoint>();
        for (var i = 0; i < groups.Count; i++)
        {
            if (groups[i].Count() < LeastRuns)
                dropped.Add($"model, card and engine with under {LeastRuns} runs");
            else
                AddGroup([.. groups[i]], points);
            progress((i + 1.0) / groups.Count);
        }
        return new SetReport
        {
            Name = Name,
            Title = "A new card from two of its runs",
            Source = Source,
            Fitted = $"the datasheet tier, per model, card and engine, to two runs: {FitPlan.TermsOf(FitPlan.NewCard)}",
            HeldOut = "every other run of the same model, card and engine, other parallelisms and lengths included",
            Assumed = ["dense models of InferenceMAX; its runs state TPOT, which is the mean ITL of a request"],
            Dropped = dropped,
            Points = points,
            Rows = SetReport.Summarise(
                [.. points.OrderBy(p => p.Split == Fitted ? 0 : 1)],
                [new Promise(Fitted, "TPOT mean", ErrorStatistic.Median, 6)],
                _ => "15.7 median on A100, 13.3 on L40S"),
        };
    }

    static void AddGroup(IReadOnlyList<InferenceMaxPoints.Point> group, List<ValidationPoint> points)
    {
        var family = group.GroupBy(Family).MaxBy(g => g.Count())!;
        var known = new[] { family.MinBy(p => p.Concurrency)!, family.MaxBy(p => p.Concurrency)! };
        var rest = group.Where(p => !known.Any(k => k.Setting == p.Setting)).ToList();
        var test = rest.Select(Unmeasured).ToList();
        foreach (var run in HeldOut.Predict([.. known.Select(Unmeasured)], test, FitPlan.NewCard))
            points.AddRange(run.Points(Fitted, group[0].Group, Metric.Tpot));
        foreach (var run in HeldOut.Predict([], test, plan: null))
            points.AddRange(run.Points(Unfitted, group[0].Group, Metric.Tpot));
    }

    static (int, int, int, int) Family(InferenceMaxPoints.Point point)
    {
        var d = point.Observation.Deployment;
        return (d.TensorParallel, d.DataParallel, point.PromptTokens, point.OutputTokens);
    }

    static Observation Unmeasured(InferenceMaxPoints.Point point)
    {
        var d = point.Observation.Deployment;
        return point.Observation with { Curves = EfficiencyCurves.Datasheet(d.Accelerator, d.Engine.Engine) };
    }
}
