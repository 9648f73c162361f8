using System;
using System.Collections.Generic;
using System.Globalization;
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
    /// <summary>With fewer samples a curve is a few stairs: not even its middle is known.</summary>
    static readonly int Fewest = PercentileSamples.Needed(50);

    public static IReadOnlyList<Metric> Metrics { get; } =
        [Metric.Ttft, Metric.Tpot, Metric.Itl, Metric.E2e];

    /// <summary>Says why a metric that was measured has no picture; null where it has one.</summary>
    public static string? TooFew(Metric metric, IReadOnlyList<BenchResult> results)
    {
        var levels = results.SelectMany(result => result.Levels).ToList();
        var most = levels.Max(level => level.Latencies[metric].Samples);
        return most == 0 || levels.Any(level => HasCurve(level, metric)) ? null
            : string.Create(CultureInfo.InvariantCulture,
                $"No picture of {metric.Name().ToUpperInvariant()}: {Plural.Of(most, "sample")}, "
                + $"a curve needs {Fewest} of them and more than two different ones.");
    }

    /// <summary>Null where there are too few samples for a curve.</summary>
    public static ReportPicture? Of(Metric metric, IReadOnlyList<(string Run, BenchResult Result)> runs)
    {
        var curves = new List<NamedCurve>();
        foreach (var (run, result) in runs)
        {
            foreach (var level in result.Levels.Where(level => HasCurve(level, metric)))
            {
                var name = $"{run} {(result.Levels.Count > 1 || run == "" ? level.Name : "")}".Trim();
                curves.Add(new NamedCurve(name == "default" ? "requests" : name,
                    [.. level.Spread[metric].Select(p => (p.Ms, 100 * p.Share))]));
            }
        }
        if (curves.Count == 0)
            return null;
        var what = metric == Metric.Itl ? "gaps between tokens" : "requests";
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
            Marks = [.. Limits(metric, runs)],
        }.Draw());
    }

    static bool HasCurve(LevelReport level, Metric metric) =>
        level.Latencies[metric].Samples >= Fewest && level.Spread.TryGetValue(metric, out var points)
            && points.Count > 2;

    /// <summary>A limit that not every run has is named with the run that has it.</summary>
    static IEnumerable<(double AtMs, string Name)> Limits(
        Metric metric, IReadOnlyList<(string Run, BenchResult Result)> runs) =>
        runs.SelectMany(run => run.Result.Levels.SelectMany(level => level.Promise)
                .Where(limit => limit.Limit.Metric == metric)
                .Select(limit => (run.Run, limit.Limit.Percentile, Ms: limit.Limit.LimitNs / 1e6)))
            .Distinct().GroupBy(limit => (limit.Percentile, limit.Ms))
            .Select(limit => (limit.Key.Ms,
                FormattableString.Invariant($"p{limit.Key.Percentile:0.###} {limit.Key.Ms:0.#} ms")
                + (limit.Count() < runs.Count ? $" of {limit.First().Run}" : "")));
}
