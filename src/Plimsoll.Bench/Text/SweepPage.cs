using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using Plimsoll.Bench.Money;
using Plimsoll.Bench.Results;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Reports;
using Plimsoll.Reports.Pictures;

namespace Plimsoll.Bench.Text;

/// <summary>One rate of a sweep.</summary>
public sealed record SweepPoint(double Rate, BenchResult Result, MoneyReport? Money);

/// <summary>A sweep as a table, as JSON and as a page with the cost-latency curve.</summary>
public static class SweepPage
{
    /// <summary>One point is no line.</summary>
    const int FewestPoints = 2;

    /// <summary>Highest points below a limit that is drawn.</summary>
    const double HighestLimit = 4;

    public static string[] Headers { get; } =
    [
        "requests/s", "served", "failed", "TTFT p50 ms", "TTFT p95 ms", "TPOT p50 ms", "TPOT p95 ms",
            "E2E p95 ms",
        "output tokens/s", "goodput %", "USD / M tokens", "cached %", "promise", "run",
    ];

    public static string[] Row(SweepPoint point)
    {
        var level = point.Result.Levels[0];
        return
        [
            N(point.Rate, "0.###"), N(level.Completed, "N0"), N(level.Failed, "N0"), Ms(Metric.Ttft, 50),
            Ms(Metric.Ttft, 95), Ms(Metric.Tpot, 50), Ms(Metric.Tpot, 95), Ms(Metric.E2e, 95),
            N(point.Result.PerSecond(point.Result.OutputTokens), "N0"), N(100 * level.Goodput, "0.0"),
            N(point.Money?.UsdPerMillionTokens?.Value, "0.0000"),
            N(100 * level.CachedShare, "0.0"), "<" + VerdictWords.Of(level.Verdict),
            "<" + (point.Result.IsValid ? "valid" : "INVALID"),
        ];

        string Ms(Metric metric, double percentile) => BenchPage.Ms(level.Latencies[metric].At(percentile));
    }

    /// <summary>An array of results, each with vLLM's keys.</summary>
    public static string Json(IReadOnlyList<SweepPoint> points)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartArray();
            foreach (var point in points)
            {
                json.WriteRawValue(VllmJson.Text(point.Result, writer =>
                    MoneyJson.Write(writer, point.Money, null)));
            }
            json.WriteEndArray();
        }
        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    public static PageModel Of(IReadOnlyList<SweepPoint> points, string version) => new()
    {
        Brand = "plimsoll bench, a sweep",
        Headline = points.Count == 0 ? "No rate was measured"
            : $"{points[0].Result.Model}: latency and cost over load",
        Lines = [.. Lines(points)],
        Figures = [],
        Pictures = [.. Pictures(points)],
        Tables = [Rates(points)],
        Banner = [.. Told(points, result => result.InvalidBecause)],
        Warnings = [.. Told(points, result => result.Warnings)],
        Notes = [.. Basis(points), .. Failures(points), .. NotDrawn(points)],
        Version = version,
    };

    static IEnumerable<string> Lines(IReadOnlyList<SweepPoint> points)
    {
        if (points.Count == 0)
            yield break;
        var (first, last) = (points[0].Result, points[^1].Result);
        yield return string.Create(CultureInfo.InvariantCulture,
            $"{first.Address}, {first.StartedAt:yyyy-MM-dd HH:mm}Z; from {first.Load} to {last.Load}; ")
            + $"latencies from {first.LatenciesFrom}.";
        yield return $"Tokens counted {first.TokenCounting}; prompt lengths: {first.PromptLengths}.";
        if (first.Levels[0].Promise is { Count: > 0 } promise)
        {
            var limits = promise.Select(limit => PromiseText.Of(limit.Limit));
            yield return $"Promise: {string.Join(", ", limits)}.";
        }
    }

    static IEnumerable<string> Failures(IReadOnlyList<SweepPoint> points) =>
        points.SelectMany(point => point.Result.Levels[0].Failures.Select(failure =>
            string.Create(CultureInfo.InvariantCulture,
                $"{point.Rate:0.###} requests/s: {failure.Count:N0} {failure.Kind}: {failure.Example}")));

    /// <summary>A column per rate: a few rates fit a phone.</summary>
    static PageTable Rates(IReadOnlyList<SweepPoint> points)
    {
        var columns = points.Select(Row).ToList();
        return new PageTable("Rates", ["<" + Headers[0], .. columns.Select(column => column[0])],
            [.. Enumerable.Range(1, Headers.Length - 1).Select(row =>
                new[] { "<" + Headers[row] }.Concat(columns.Select(column => column[row].TrimStart('<')))
                    .ToArray())]);
    }

    /// <summary>What is to be said of single rates, one line each.</summary>
    public static IEnumerable<string> Told(IReadOnlyList<SweepPoint> points,
        Func<BenchResult, IReadOnlyList<string>> of) =>
        points.SelectMany(point => of(point.Result).Select(line =>
            string.Create(CultureInfo.InvariantCulture, $"{point.Rate:0.###} requests/s: {line}")));

    static IEnumerable<string> Basis(IReadOnlyList<SweepPoint> points) =>
        points.Where(point => point.Money?.UsdPerMillionTokens is not null)
            .Select(point => string.Create(CultureInfo.InvariantCulture,
                $"{point.Rate:0.###} requests/s: {MoneyWords.Basis(point.Result, point.Money!)}."));

    static IEnumerable<string> NotDrawn(IReadOnlyList<SweepPoint> points)
    {
        foreach (var metric in new[] { Metric.Ttft, Metric.Tpot })
        {
            foreach (var percentile in new[] { 50.0, 95 })
            {
                var known = points.Count(point => At(point, metric, percentile) is not null);
                if (known < FewestPoints)
                {
                    yield return $"{metric.Name().ToUpperInvariant()} p{percentile} is not drawn: "
                        + $"{Plural.Of(known, "rate")} had the {PercentileSamples.Needed(percentile)} "
                        + "samples that it needs, a line needs two.";
                }
            }
            var priced = points.Count(point => At(point, metric, 95) > 0
                && point.Money?.UsdPerMillionTokens is not null);
            if (priced < FewestPoints && points.Any(point => point.Money is not null))
            {
                yield return $"Cost over {metric.Name().ToUpperInvariant()} p95 is not drawn: "
                    + $"{Plural.Of(priced, "rate")} had a cost and that percentile, a line needs two.";
            }
        }
    }

    static IEnumerable<ReportPicture> Pictures(IReadOnlyList<SweepPoint> points)
    {
        foreach (var metric in new[] { Metric.Ttft, Metric.Tpot })
        {
            var name = metric.Name().ToUpperInvariant();
            var curves = new[] { 50.0, 95 }
                .Select(p => new NamedCurve($"{name} p{p}",
                    Points(points, point => point.Rate, point => At(point, metric, p))))
                .Where(curve => curve.Points.Count >= FewestPoints).ToList();
            if (curves.Count > 0)
            {
                yield return new($"sweep-{metric.Name()}", $"{name} as the load grows.", new CurvesPicture
                {
                    Title = $"{name} over load", Subtitle = "milliseconds, from the scheduled send",
                    Across = "requests per second", Curves = curves,
                    Levels = [.. Limits(points[0], metric, curves)],
                }.Draw());
            }
        }
        foreach (var metric in new[] { Metric.Ttft, Metric.Tpot })
        {
            var name = metric.Name().ToUpperInvariant();
            var cost = Points(points, point => At(point, metric, 95), point =>
                point.Money?.UsdPerMillionTokens?.Value);
            // A logarithmic axis has no place for tokens that came together.
            cost.RemoveAll(point => point.X <= 0);
            if (cost.Count >= FewestPoints)
            {
                yield return new($"cost-{metric.Name()}",
                    $"What a token cost at the {name} that came of it.", new CurvesPicture
                {
                    Title = $"Cost over {name} p95",
                        Subtitle = "USD per million tokens; each point is one rate of the sweep",
                    Across = $"{name} p95, ms", Logarithmic = true,
                        Curves = [new NamedCurve("USD per million tokens", cost)],
                }.Draw());
            }
        }
    }

    /// <summary>Limits of the promise, where they are near enough to leave the curves their height.</summary>
    static IEnumerable<(double At, string Name)> Limits(
        SweepPoint point, Metric metric, List<NamedCurve> curves)
    {
        var highest = curves.Max(curve => curve.Points.Max(at => at.Y));
        foreach (var (limit, _, _, _, _) in point.Result.Levels[0].Promise)
        {
            if (limit.Metric == metric && limit.LimitNs / 1e6 <= HighestLimit * highest)
            {
                yield return (limit.LimitNs / 1e6, string.Create(CultureInfo.InvariantCulture,
                    $"p{limit.Percentile:0.##} {limit.LimitNs / 1e6:0.###} ms"));
            }
        }
    }

    static List<(double X, double Y)> Points(
        IReadOnlyList<SweepPoint> points, Func<SweepPoint, double?> x, Func<SweepPoint, double?> y) =>
        [.. points.Where(point => x(point) is not null && y(point) is not null).Select(point =>
            (x(point)!.Value, y(point)!.Value))];

    static double? At(SweepPoint point, Metric metric, double percentile) =>
        point.Result.Levels[0].Latencies[metric].At(percentile);

    static string N(double? value, string format) =>
        value is { } known ? known.ToString(format, CultureInfo.InvariantCulture) : "–";
}
