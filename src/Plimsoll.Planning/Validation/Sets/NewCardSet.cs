using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Measured;
using Plimsoll.Planning.Calibration;

namespace Plimsoll.Planning.Validation.Sets;

/// <summary>
/// A card of which no engine run was ever fitted, calibrated as <c>calibrate</c> does on two runs of each
/// model: once from its measured kernels, once as if not even those existed. Two runs are the lightest and
/// the heaviest load of one parallelism and one pair of lengths.
/// </summary>
public sealed class NewCardSet : IValidationSet
{
    const string A100 = "A100, calibrated on two runs";
    const string Closed = "InferenceMAX cards, calibrated on two runs";
    const string ClosedFromDatasheet = "the same from the datasheet alone, calibrated on two runs";

    /// <summary>A group with fewer runs says little of the rest.</summary>
    const int LeastRuns = 5;

    public string Name => "new-card";

    public string Source =>
        "measured/inferencemax-points.csv.gz, measured/measured-cost-vs-load-h100-a100.csv";

    public SetReport Run(string folder, Action<double> progress)
    {
        var dropped = new DropTally();
        var sources = Source.Split(", ");
        var sweeps = LoadSweepRuns.Read(Path.Combine(folder, sources[1]), "A100", dropped)
            .Where(r => r.Deployment.Engine.Engine == "vllm" && HeldOut.Unfit(r) is null)
            .GroupBy(NewCard.GroupOf).ToList();
        var closed = InferenceMaxPoints.Read(Path.Combine(folder, sources[0]))
            .Where(p => p.Observation.Deployment.Model.FeedForward.MoeLayers == 0
                && HeldOut.Unfit(p.Observation) is null)
            .GroupBy(p => p.Group).Where(g => g.Count() >= LeastRuns).ToList();
        var points = new List<ValidationPoint>();
        foreach (var group in sweeps)
        {
            var runs = group.OrderByDescending(r => ((ReplayedLoad)r.Load).Arrivals[^1].AtNs).ToList();
            Add(A100, group.Key, [runs[0], runs[^1]], runs, points);
        }
        for (var i = 0; i < closed.Count; i++)
        {
            var family = closed[i].GroupBy(Family).MaxBy(g => g.Count())!;
            Observation[] known =
                [family.MinBy(p => p.Concurrency)!.Observation,
                    family.MaxBy(p => p.Concurrency)!.Observation];
            Observation[] all = [.. closed[i].Select(p => p.Observation)];
            Add(Closed, closed[i].Key, known, all, points);
            Add(ClosedFromDatasheet, closed[i].Key, [.. known.Select(Unmeasured)],
                [.. all.Select(Unmeasured)], points);
            progress((i + 1.0) / closed.Count);
        }
        return new SetReport
        {
            Name = Name,
            Title = "A new card from two of its runs",
            Source = Source,
            Fitted = "as `plimsoll calibrate` does, per model, card and engine, to two runs: the lightest "
            + "and the heaviest load",
            HeldOut =
                "every other run of the same model, card and engine, other parallelisms and lengths included",
            Assumed =
                ["dense models of InferenceMAX; all models of the A100 sweep, which are medians",
                    .. LoadSweepRuns.Assumed],
            Dropped = dropped,
            Points = points,
            Rows = SetReport.Summarise(
                points,
                [
                    new Promise(A100, "TPOT median", ErrorStatistic.Median, 6),
                    new Promise(Closed, "TPOT mean", ErrorStatistic.Median, 6),
                ],
                _ => "15.7 median on A100, 13.3 on L40S"),
        };
    }

    static void Add(
        string split, string group, IReadOnlyList<Observation> known, IReadOnlyList<Observation> all,
        List<ValidationPoint> points)
    {
        var rest = all.Where(run => !known.Any(k => k.Name == run.Name)).ToList();
        foreach (var run in HeldOut.Predict(NewCard.Fit(known), rest))
            points.AddRange(run.Points(split, group, Metric.Tpot));
    }

    static (int, int, int, int) Family(InferenceMaxPoints.Point point)
    {
        var d = point.Observation.Deployment;
        return (d.TensorParallel, d.DataParallel, point.PromptTokens, point.OutputTokens);
    }

    static Observation Unmeasured(Observation run) => run with
    {
        Curves = EfficiencyCurves.Datasheet(run.Deployment.Accelerator, run.Deployment.Engine.Engine),
    };
}
