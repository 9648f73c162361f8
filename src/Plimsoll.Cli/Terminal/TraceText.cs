using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Inputs.Workloads.Traces;

namespace Plimsoll.Cli.Terminal;

/// <summary>Traces and fitted families for a person at a terminal.</summary>
static class TraceText
{
    static readonly double[] Quantiles = [0, 0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1];
    static readonly double[] DispersionWindows = [1, 10, 60, 300];
    static readonly double[] PeakWindows = [10, 60];

    public static string Of(TraceStatistics trace)
    {
        var text = new StringBuilder();
        var report = trace.Report;
        text.Append($"{report.File}: {report.Format}\n");
        Line(text, "rows",
            $"{report.RowsRead} read, {report.RowsEmitted} requests, {report.RowsDropped} dropped");
        foreach (var (reason, rows) in report.Dropped)
            Line(text, "  dropped", $"{rows}: {reason}");
        if (trace.Sessions > 0)
            Line(text, "sessions", $"{trace.Sessions}");
        if (trace.HasTimes)
            Times(text, trace);
        else
            Line(text, "times", "none: lengths only");
        Lengths(text, "input tokens", trace.Input);
        Lengths(text, "output tokens", trace.Output);
        Line(text, "rank correlation", Value(trace.RankCorrelation));
        Line(text, "prefix hits", trace.PrefixHitShare is { } hits
            ? $"{F(100 * hits, "0.0")} % of prompt tokens with an endless cache"
            : "not told");
        foreach (var note in report.Notes)
            Line(text, "note", note);
        return text.ToString();
    }

    static void Times(StringBuilder text, TraceStatistics trace)
    {
        Line(text, "span", trace.SpanS is { } span ? $"{F(span, "0.###")} s" : "undefined");
        Line(text, "rate", trace.RequestsPerSecond is { } rate
            ? $"{F(rate, "0.####")} requests/s" : "undefined");
        Line(text, "gaps", $"coefficient of variation {Value(trace.GapVariation)} (Poisson: 1)");
        foreach (var window in PeakWindows)
            Line(text, $"peak / mean, {window} s", Value(trace.PeakOverMean(window)));
        foreach (var window in DispersionWindows)
        {
            Line(text, $"dispersion, {window} s",
                $"{Value(trace.Dispersion(window))}{(window == 1 ? " (Poisson: 1)" : "")}");
        }
    }

    public static string Json(TraceStatistics trace)
    {
        var report = trace.Report;
        var document = new
        {
            schema = "plimsoll/trace/1",
            file = System.IO.Path.GetFileName(report.File),
            format = report.Format.ToString(),
            rowsRead = report.RowsRead,
            requests = report.RowsEmitted,
            dropped = report.Dropped,
            spanS = trace.SpanS,
            requestsPerSecond = trace.RequestsPerSecond,
            gapVariation = trace.GapVariation,
            peakOverMean = ByWindow(PeakWindows, trace.PeakOverMean),
            dispersion = ByWindow(DispersionWindows, trace.Dispersion),
            input = ByQuantile(trace.Input),
            output = ByQuantile(trace.Output),
            rankCorrelation = trace.RankCorrelation,
            prefixHitShare = trace.PrefixHitShare,
            notes = report.Notes,
        };
        var options =
            new JsonSerializerOptions { WriteIndented = true,
                Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        return JsonSerializer.Serialize(document, options) + "\n";
    }

    public static string Of(FamilySpec family, FitReport fit)
    {
        var text = new StringBuilder();
        text.Append($"{family.Name}: {family.Description} of {family.Source}\n");
        Line(text, "rate", $"{F(family.RequestsPerSecond, "0.####")} requests/s");
        Line(text, "arrivals", family.Arrivals.Sigma > 0
            ? $"LGCP, sigma {F(family.Arrivals.Sigma, "0.####")}, tau {F(family.Arrivals.TauS, "0.###")} s"
            : "Poisson");
        Line(text, "KS input", $"{F(fit.InputKs, "0.0000")} with {family.Input.Levels.Count} knots");
        Line(text, "KS output", $"{F(fit.OutputKs, "0.0000")} with {family.Output!.Levels.Count} knots");
        Line(text, "IDC rms log error", F(fit.IdcRmsLogError, "0.000"));
        foreach (var point in fit.Idc)
        {
            Line(text, $"  IDC {F(point.WindowS, "0")} s",
                $"{F(point.Measured, "0.00")} measured, {F(point.Fitted, "0.00")} fitted");
        }

        Line(text, "rank correlation", F(family.RankCorrelation, "0.###"));
        Line(text, "prefix", family.Prefix is { } prefix
            ? $"{F(100 * fit.PrefixHitShare, "0.0")} % of prompt tokens reused; "
            + $"{F(100 * prefix.Share, "0.0")} % of prompts come back, "
                + $"to the last {prefix.Window}"
            : "no sharing");
        Line(text, "drift of halves",
            $"KS input {F(fit.InputDriftKs, "0.000")}, output {F(fit.OutputDriftKs, "0.000")}; "
            + $"rate {F(fit.RateDrift, "0.000")} times the first half's");
        return text.ToString();
    }

    static void Lengths(StringBuilder text, string name, LengthHistogram lengths)
    {
        var parts = new List<string>();
        foreach (var quantile in Quantiles)
            parts.Add($"{QuantileName(quantile)} {lengths.Quantile(quantile)}");
        Line(text, name, $"mean {F(lengths.Mean, "0.0")}; {string.Join(", ", parts)}");
    }

    static Dictionary<string, double?> ByWindow(double[] windows, Func<double, double?> value)
    {
        var values = new Dictionary<string, double?>();
        foreach (var window in windows)
            values[$"{F(window, "0")}s"] = value(window);
        return values;
    }

    static Dictionary<string, double> ByQuantile(LengthHistogram lengths)
    {
        var values = new Dictionary<string, double> { ["mean"] = lengths.Mean };
        foreach (var quantile in Quantiles)
            values[QuantileName(quantile)] = lengths.Quantile(quantile);
        return values;
    }

    static string QuantileName(double quantile) =>
        quantile == 0 ? "min" : quantile == 1 ? "max" : $"p{F(100 * quantile, "0")}";

    static void Line(StringBuilder text, string label, string value) =>
        text.Append("  ").Append(label.PadRight(20)).Append(value).Append('\n');

    static string Value(double? value) => value is { } number ? F(number, "0.00") : "undefined";

    static string F(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
