using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Models;

namespace Plimsoll.Planning.Validation.Sets;

/// <summary>The vLLM 0.15 experiments, each predicted by a fit to all the others.</summary>
public sealed class VllmExperimentsSet : IValidationSet
{
    const string Unfitted = "nothing fitted";
    const string LeaveOneOut = "fitted to the other experiments";

    public string Name => "vllm-experiments";

    public string Source => "measured/vllm-0.15-experiments.csv";

    public SetReport Run(string folder, Action<double> progress)
    {
        var experiments =
            VllmExperiments.Read(Path.Combine(folder, Source)).GroupBy(s => s.Experiment).ToList();
        var points = new List<ValidationPoint>();
        for (var i = 0; i < experiments.Count; i++)
        {
            var held = experiments[i].Select(s => s.Observation).ToList();
            var others = experiments.Where(e => e != experiments[i]).SelectMany(e => e)
                .Select(s => s.Observation).ToList();
            Add(HeldOut.Predict(others, held, FitPlan.VllmExperiments), LeaveOneOut, points);
            Add(HeldOut.Predict([], held, plan: null), Unfitted, points);
            progress((i + 1.0) / experiments.Count);
        }
        var published = PublishedError.Read(folder);
        return new SetReport
        {
            Name = Name,
            Title = "vLLM 0.15.1 experiments, stage by stage",
            Source = Source,
            Fitted = "once for all experiments but the one that is predicted: "
                + FitPlan.TermsOf(FitPlan.VllmExperiments),
            HeldOut = "one experiment at a time",
            Assumed =
            [
                "evenly spaced arrivals; 44 to 50 prompts recur, so most of every prompt is cached; "
                    + "reasoning runs that "
                + "overloaded their engines left out",
                "ITL is per token, (E2E − TTFT) ÷ (answer − 1)",
            ],
            Published = published,
            Points = points,
            Rows = SetReport.Summarise(
                [.. points.OrderBy(p => p.Split == LeaveOneOut ? 0 : 1)],
                [
                    new Promise(LeaveOneOut, "ITL mean", ErrorStatistic.Median, 5),
                    new Promise(LeaveOneOut, "E2E mean", ErrorStatistic.Median, 5),
                    new Promise(LeaveOneOut, "TTFT mean", ErrorStatistic.Median, 12),
                ],
                point => Best(published, point.Figure)),
        };
    }

    static void Add(IReadOnlyList<HeldOutRun> runs, string split, List<ValidationPoint> points)
    {
        foreach (var run in runs)
        {
            points.AddRange(run.Points(
                split, Configuration(run.Observation.Deployment), Metric.Itl, Metric.E2e, Metric.Ttft));
        }
    }

    static string Configuration(Deployment d) =>
        $"{d.Model.Name}, {d.Accelerator.Key}, {d.Weights.Name()}, tp{d.TensorParallel}";

    /// <summary>The least median error that any simulator is published with for the metric.</summary>
    static string? Best(IReadOnlyList<PublishedError> published, string figure)
    {
        var best = published
            .Where(p => string.Equals(p.Metric, figure.Replace(' ', '_'), StringComparison.OrdinalIgnoreCase))
            .MinBy(p => p.MedianPercent);
        return best is null
            ? null : FormattableString.Invariant($"{best.MedianPercent:0.0} median, {best.Simulator}");
    }
}
