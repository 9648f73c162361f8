using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Plimsoll.Bench.Results;
using Plimsoll.Core.Measures;
using Plimsoll.Reports;

namespace Plimsoll.Bench.Text;

/// <summary>A figure of two runs.</summary>
/// <param name="Name">vLLM's key.</param>
/// <param name="First">Of the first run; null where it has none.</param>
/// <param name="Second">Of the second.</param>
/// <param name="Noise">For a mean: whether the difference lies within two standard errors of it; null where
/// that is not known.</param>
public sealed record FigurePair(string Name, double? First, double? Second, bool? Noise)
{
    public double? Ratio => First is { } first && first != 0 ? Second / first : null;
}

/// <summary>Two runs side by side.</summary>
public static class ResultDiff
{
    static readonly string[] Order =
    [
        "completed", "failed", "duration", "request_throughput", "request_goodput", "output_throughput",
        "total_token_throughput", "usd_per_million_tokens",
    ];

    public static IReadOnlyList<FigurePair> Of(
        IReadOnlyDictionary<string, double> first, IReadOnlyDictionary<string, double> second)
    {
        var names = Order.Concat(first.Keys.Concat(second.Keys).Where(IsLatency).Where(IsNoMedian).Distinct()
            .OrderBy(name => Rank(name)));
        return [.. names.Where(name => first.ContainsKey(name) || second.ContainsKey(name))
            .Select(name => new FigurePair(name, Of(first, name), Of(second, name),
                Noise(name, first, second)))];
    }

    /// <summary>The page of two runs; pictures where both hold their requests.</summary>
    public static PageModel Page(
        (string Name, BenchResult? Result) first, (string Name, BenchResult? Result) second,
        IReadOnlyList<FigurePair> pairs, string version)
    {
        var pictures = new List<ReportPicture>();
        if (first.Result is { } one && second.Result is { } two)
        {
            foreach (var metric in new[] { Metric.Ttft, Metric.Tpot, Metric.E2e })
            {
                if (LatencyCurves.Of(metric, [(first.Name, one), (second.Name, two)]) is { } picture)
                    pictures.Add(picture);
            }
        }
        return new PageModel
        {
            Brand = "plimsoll bench diff",
            Headline = $"{first.Name} and {second.Name}",
            Lines = ["The second over the first; latencies in milliseconds, each from "
                + "whatever its tool starts from."],
            Figures = [.. pairs.Where(p =>
                p.Name is "mean_ttft_ms" or "mean_tpot_ms" or "output_throughput" && p.Ratio is not null)
                .Select(p => new PageFigure(FormattableString.Invariant($"{p.Ratio:0.00} ×"), p.Name))],
            Pictures = pictures,
            Tables = [new PageTable("Figures", ["<figure", first.Name, second.Name, "ratio", "<"],
                [.. pairs.Select(p => new[] { "<" + p.Name, Text(p.First), Text(p.Second), Text(p.Ratio),
                    "<" + Remark(p) })])],
            Notes = [],
            Version = version,
        };
    }

    public static string Remark(FigurePair pair) => pair.Noise == true ? "within noise" : "";

    /// <summary>Counts whole, all else to three digits; no run repeats to more.</summary>
    public static string Text(double? value)
    {
        if (value is not { } known)
            return "–";
        var digits = known == Math.Floor(known) || Math.Abs(known) >= 100 ? 0
            : Math.Clamp(2 - (int)Math.Floor(Math.Log10(Math.Abs(known))), 0, 9);
        return known.ToString($"N{digits}", CultureInfo.InvariantCulture);
    }

    static double? Of(IReadOnlyDictionary<string, double> figures, string name) =>
        figures.TryGetValue(name, out var value) ? value : null;

    /// <summary>Some tools have it under the name of the median too.</summary>
    static bool IsNoMedian(string name) => !name.StartsWith("p50_", StringComparison.Ordinal);

    static bool IsLatency(string name) => name.EndsWith("_ms", StringComparison.Ordinal);

    /// <summary>By latency, then mean, median, deviation, percentiles.</summary>
    static string Rank(string name)
    {
        var parts = name.Split('_');
        var metric = VllmMetrics.TryFind(parts[^2], out var known) ? (int)known : -1;
        var what = parts[0] switch { "mean" => "0", "median" => "1", "std" => "2", _ => "3" };
        return $"{metric}{what}{parts[0].Length}{parts[0]}";
    }

    static bool? Noise(
        string name, IReadOnlyDictionary<string, double> first, IReadOnlyDictionary<string, double> second)
    {
        if (!name.StartsWith("mean_", StringComparison.Ordinal))
            return null;
        var std = "std_" + name["mean_".Length..];
        if (Error(first, name, std) is not { } one || Error(second, name, std) is not { } two)
            return null;
        return Math.Abs(one.Mean - two.Mean) <= 2 * Math.Sqrt(one.Square + two.Square);
    }

    /// <summary>A mean and the square of its standard error.</summary>
    static (double Mean, double Square)? Error(
        IReadOnlyDictionary<string, double> figures, string name, string std) =>
        Of(figures, name) is { } mean && Of(figures, std) is { } spread
            && Of(figures, "completed") is { } count && count > 1
            ? (mean, spread * spread / count)
            : null;
}
