using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Core.Measures;
using Plimsoll.Planning.Calibration;

namespace Plimsoll.Planning.Validation.Sets;

/// <summary>
/// InferenceMAX: one calibration per model, card, engine and weights, to 1024/1024 alone; tested on other
/// lengths, and on each parallelism that was left out of the fit in turn.
/// </summary>
public sealed class InferenceMaxSet : IValidationSet
{
    const string LongAnswers = "fit 1024/1024, test 1024/8192";
    const string OtherLengths = "fit 1024/1024, test any other lengths";
    const string UnseenTp = "fit 1024/1024 of other TP, test the TP left out";

    readonly bool _experts;

    InferenceMaxSet(bool experts)
    {
        _experts = experts;
    }

    public static InferenceMaxSet Dense { get; } = new(experts: false);

    public static InferenceMaxSet Moe { get; } = new(experts: true);

    public string Name => _experts ? "inferencemax-moe" : "inferencemax-dense";

    public string Source => "measured/inferencemax-points.csv.gz";

    public SetReport Run(string folder, Action<double> progress)
    {
        var dropped = new DropTally();
        var groups = InferenceMaxPoints.Read(Path.Combine(folder, Source))
            .Where(p => p.Observation.Deployment.Model.FeedForward.MoeLayers > 0 == _experts
                && Fits(p, dropped))
            .GroupBy(p => p.Group).ToList();
        var points = new List<ValidationPoint>();
        for (var i = 0; i < groups.Count; i++)
        {
            AddGroup([.. groups[i]], points);
            progress((i + 1.0) / groups.Count);
        }
        var within = _experts ? 10 : 6;
        return new SetReport
        {
            Name = Name,
            Title = _experts ? "InferenceMAX, mixture-of-experts models" : "InferenceMAX, dense models",
            Source = Source,
            Fitted = $"per model, card, engine and weights, on 1024/1024 only: {FitPlan.TermsOf(Plan)}",
            HeldOut = "other lengths; each parallelism in turn",
            Assumed =
            [
                "lengths uniform in 0.8 to 1.0 of nominal, ten requests per client, no prefix reuse",
                "KV in FP8 where weights are quantised",
                "points that may have run with speculation, or whose release is unclear, are left out unseen",
            ],
            Dropped = dropped,
            Points = points,
            Rows = SetReport.Summarise(points,
            [
                new Promise(LongAnswers, "TPOT mean", ErrorStatistic.Median, within),
                new Promise(UnseenTp, "TPOT mean", ErrorStatistic.Median, within),
            ]),
        };
    }

    static bool Fits(InferenceMaxPoints.Point point, DropTally dropped)
    {
        if (HeldOut.Unfit(point.Observation) is not { } reason)
            return true;
        dropped.Add(reason);
        return false;
    }

    ScaleFitOptions Plan => _experts ? FitPlan.InferenceMaxMoe : FitPlan.InferenceMaxDense;

    void AddGroup(IReadOnlyList<InferenceMaxPoints.Point> group, List<ValidationPoint> points)
    {
        var fit = group.Where(p => p is { PromptTokens: 1024, OutputTokens: 1024 }).ToList();
        if (fit.Count == 0)
            return;
        var others = group.Where(p => p is not { PromptTokens: 1024, OutputTokens: 1024 }).ToList();
        Add(fit, others, p => p is { PromptTokens: 1024, OutputTokens: 8192 }
            ? LongAnswers : OtherLengths, points);
        foreach (var tp in fit.GroupBy(Parallelism))
        {
            var rest = fit.Where(p => Parallelism(p) != tp.Key).ToList();
            if (rest.Count > 0)
                Add(rest, [.. tp], _ => UnseenTp, points);
        }
    }

    void Add(
        IReadOnlyList<InferenceMaxPoints.Point> fit, IReadOnlyList<InferenceMaxPoints.Point> test,
        Func<InferenceMaxPoints.Point, string> split, List<ValidationPoint> points)
    {
        if (test.Count == 0)
            return;
        var runs =
            HeldOut.Predict([.. fit.Select(p => p.Observation)], [.. test.Select(p => p.Observation)], Plan);
        for (var i = 0; i < runs.Count; i++)
            points.AddRange(runs[i].Points(split(test[i]), test[i].Group, Metric.Tpot, Metric.Ttft));
    }

    static (int, int, int) Parallelism(InferenceMaxPoints.Point point)
    {
        var d = point.Observation.Deployment;
        return (d.TensorParallel, d.DataParallel, d.ExpertParallel);
    }
}
