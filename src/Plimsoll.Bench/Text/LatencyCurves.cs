using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Bench.Results;
using Plimsoll.Core.Measures;
using Plimsoll.Reports;
using Plimsoll.Reports.Pictures;

namespace Plimsoll.Bench.Text;

/// <summary>
/// How a latency spreads over requests: one curve per level, or per run where two are compared.
/// </summary>
static class LatencyCurves
{
    /// <summary>Null where there are too few points for a curve.</summary>
    public static ReportPicture? Of(Metric metric, IReadOnlyList<(string Run, BenchResult Result)> runs)
    {
        var curves = new List<NamedCurve>();
        foreach (var (run, result) in runs)
        {
            foreach (var level in result.Levels.Where(level => level.Spread.ContainsKey(metric)))
            {
                var points = level.Spread[metric];
                var name = $"{run} {(result.Levels.Count > 1 || run == "" ? level.Name : "")}".Trim();
                if (points.Count > 2)
                {
                    curves.Add(new NamedCurve(name == "default" ? "requests" : name,
                        [.. points.Select(p => (p.Ms, 100 * p.Share))]));
                }
            }
        }
        if (curves.Count == 0)
            return null;
        var what = metric == Metric.Itl ? "gaps between tokens" : "requests";
        var limits = runs[0].Result.Levels.SelectMany(level => level.Promise)
            .Where(p => p.Limit.Metric == metric)
            .Select(p => (p.Limit.LimitNs / 1e6,
                FormattableString.Invariant($"p{p.Limit.Percentile:0.###} {p.Limit.LimitNs / 1e6:0.#} ms")));
        var label = metric.Name().ToUpperInvariant();
        return new($"latency-{metric.Name()}", $"How {label} spreads over {what}.", new CurvesPicture
        {
            Title = $"{label} of all {what}",
            Subtitle = $"share of {what} at or below",
            Across = $"{label}, ms",
            Logarithmic = true,
            Unit = " %",
            Most = 100,
            Curves = curves,
            Marks = [.. limits.Distinct()],
        }.Draw());
    }
}
