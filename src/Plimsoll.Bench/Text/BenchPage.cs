using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Plimsoll.Bench.Money;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Search;
using Plimsoll.Bench.Verdicts;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Reports;
using Plimsoll.Reports.Pictures;

namespace Plimsoll.Bench.Text;

/// <summary>A run as a page: what it delivered, what it cost, and how the client did.</summary>
public static class BenchPage
{
    public static PageModel Of(BenchResult result, MoneyReport? money, AccountComparison? against,
        string version)
    {
        var tables = new List<PageTable> { Levels(result), Latencies(result) };
        if (against is not null)
            tables.Add(Against(against));
        return new PageModel
        {
            Brand = "plimsoll bench",
            Headline = $"{result.Model}: {result.Load}",
            Banner = [.. result.InvalidBecause],
            Warnings = result.Warnings,
            Lines =
            [
                string.Create(CultureInfo.InvariantCulture,
                    $"{result.Address}, {result.StartedAt:yyyy-MM-dd HH:mm}Z, {result.DurationS:0.0} s; "
                    + $"latencies from {result.LatenciesFrom}."),
                $"Tokens counted {result.TokenCounting}; prompt lengths: {result.PromptLengths}.",
                .. money is null ? Array.Empty<string>() : [$"Dollars: {MoneyWords.Basis(result, money)}."],
            ],
            Figures = [.. Figures(result, money)],
            Pictures = [.. Pictures(result, money)],
            Tables = tables,
            Notes = [.. RunWords.All(result), .. Notes(result, money, against)],
            Version = version,
        };
    }

    static IEnumerable<PageFigure> Figures(BenchResult result, MoneyReport? money)
    {
        var culture = CultureInfo.InvariantCulture;
        if (result.LoadLine is { Rate: { } rate } line)
        {
            yield return new(string.Create(culture, $"{rate:0.00} /s"),
                line.Outcome == LineOutcome.Found ? $"load line; {LineWords.Interval(line)}"
                    : $"load line at least: {LineWords.AtLeast(line)}");
            if (money?.UsdPerMillionTokensAtLine is { } usd)
            {
                yield return new(Usd(usd.Value),
                    $"per million tokens at the load line{Interval(usd, "95")}");
            }
        }
        else if (result.LoadLine is not null)
        {
            yield return new("none", "load line; the notes say why");
        }
        if (result.Verdict != PromiseVerdict.None)
            yield return new(VerdictWords.Of(result.Verdict), "the promise");
        var mixture = result.LoadLine is null ? "" : ", over all rates that were tried";
        if (money?.UsdPerMillionTokens is { } all)
        {
            yield return new(Usd(all.Value),
                $"per million tokens, prompt and answer alike{mixture}{Interval(all)}");
        }
        if (money?.UsdPerMillionGoodTokens is { } good)
        {
            yield return new(Usd(good.Value),
                $"per million tokens of requests that kept every limit{mixture}{Interval(good)}");
        }
        foreach (var level in result.Levels)
        {
            var whose = result.Levels.Count > 1 ? $" of {level.Name}" : "";
            if (level.Latencies[Metric.Ttft].At(95) is { } ttft)
                yield return new($"{Ms(ttft)} ms", $"TTFT p95{whose}{mixture}");
            if (level.Latencies[Metric.Tpot].At(95) is { } tpot)
                yield return new($"{Ms(tpot)} ms", $"TPOT p95{whose}{mixture}");
            if (level.Goodput is { } goodput)
            {
                yield return new(string.Create(culture, $"{100 * goodput:0.0} %"),
                    $"of {Plural.Of(level.Requests, "request")}{whose} kept every limit{mixture}");
            }
        }
        yield return new(string.Create(culture, $"{result.PerSecond(result.OutputTokens):N0} /s"),
            "output tokens");
    }

    static string Interval(Estimate estimate, string percent = "90") => estimate switch
    {
        { Low: { } low, High: { } high } => FormattableString.Invariant(
            $"; {percent} % interval {low:0.000} – {high:0.000}"),
        { Low: { } low } => FormattableString.Invariant($"; {percent} % interval from {low:0.000}"),
        _ when percent != "90" => "",
        _ => "; the run was too short for an interval",
    };

    static IEnumerable<ReportPicture> Pictures(BenchResult result, MoneyReport? money)
    {
        foreach (var metric in LatencyCurves.Metrics)
        {
            if (LatencyCurves.Of(metric, [("", result)]) is { } picture)
                yield return picture;
        }
        if (money is { Gap.Count: > 0 })
        {
            yield return new("gap", "From what physics allows to what this run cost.", StepsPicture.Draw(
                "From the bound to the bill", $"USD per million tokens; {MoneyWords.Steps(money)}",
                [.. money.Gap.Select(bar => (bar.Name, bar.UsdPerMillionTokens))]));
        }
    }

    static PageTable Latencies(BenchResult result)
    {
        var percentiles = result.Levels[0].Latencies[Metric.Ttft].PercentilesMs.Keys.Order().ToList();
        var rows = new List<string[]>();
        foreach (var level in result.Levels)
        {
            foreach (var (metric, latency) in level.Latencies)
                rows.Add(Row(level, metric.Name().ToUpperInvariant(), latency));
            foreach (var (metric, latency) in level.FromSend)
                rows.Add(Row(level, $"{metric.Name().ToUpperInvariant()} from the send itself", latency));
        }
        return new("Latencies, ms", [
            "<", "mean", .. percentiles.Select(p => FormattableString.Invariant($"p{p:0.###}")), "samples"],
                rows);

        string[] Row(LevelReport level, string name, LatencyReport latency) =>
        [
            "<" + (result.Levels.Count > 1 ? $"{level.Name}: " : "") + name, Ms(latency.MeanMs),
            .. percentiles.Select(p => Ms(latency.At(p))),
                latency.Samples.ToString("N0", CultureInfo.InvariantCulture),
        ];
    }

    /// <summary>A column per level: a run of one level fits a phone.</summary>
    static PageTable Levels(BenchResult result)
    {
        return new("Requests", ["<", .. result.Levels.Select(level => ">" + level.Name)],
        [
            Row("served", level => N(level.Completed)),
            Row("failed", level => N(level.Failed)),
            Row("given up", level => N(level.Cancelled)),
            Row("goodput", level => Share(level.Goodput)),
            Row("prompt tokens", level => N(level.PromptTokens)),
            Row("of them cached, as the endpoint says", level => Share(level.CachedShare)),
            Row("of them shared by the load, at most", level => Share(level.SharedShare)),
            Row("output tokens", level => N(level.OutputTokens)),
            Row("ended before the length asked for", level => N(level.Short)),
            Row("tokens counted by the endpoint", level => Share(level.CountedShare)),
            Row("promise", Promises),
        ]);

        string[] Row(string name, Func<LevelReport, string> of) =>
            ["<" + name, .. result.Levels.Select(level => ">" + of(level))];
    }

    static string Promises(LevelReport level) => level.Promise.Count == 0 ? "none"
        : string.Join(", ", level.Promise.Select(limit =>
            PromiseText.Of(limit.Limit) + VerdictWords.Of(limit, ": ")));

    static PageTable Against(AccountComparison against) => new(
        "Predicted beside realised",
        ["<figure", "predicted", "90 % low", "high", "realised", "ratio"],
        [.. against.Figures.Select(figure => new[]
        {
            "<" + figure.Name, ResultDiff.Text(figure.Predicted), ResultDiff.Text(figure.Low),
            ResultDiff.Text(figure.High), ResultDiff.Text(figure.Realised),
            ResultDiff.Text(figure.Ratio) + (figure.IsOff ? " off" : ""),
        })]);

    static IEnumerable<string> Notes(BenchResult result, MoneyReport? money, AccountComparison? against)
    {
        if (result.LoadLine is { } line)
            yield return LineWords.Found(line, result) + ".";
        if (money is not null)
            yield return MoneyWords.Use(money);
        if (result.Client.CpuShare is { } share)
        {
            yield return $"Client: {ClientWords.Of(result.Client)}; "
                + FormattableString.Invariant($"{100 * share:0} % of the CPU.");
        }
        if (result.PromptSalt is { } salt)
            yield return $"Prompts of salt {salt}: a run with the same sends the same words again.";
        if (result.Client.ClockSteps > 0)
        {
            yield return $"The wall clock was stepped {Plural.Of(result.Client.ClockSteps, "time")}; "
                + "latencies are from the monotonic clock.";
        }
        foreach (var failure in result.Levels.SelectMany(level => level.Failures))
            yield return $"{N(failure.Count)} {failure.Kind}: {failure.Example}";
        foreach (var off in against?.Off ?? [])
            yield return off;
        foreach (var metric in LatencyCurves.Metrics)
        {
            if (LatencyCurves.TooFew(metric, [result]) is { } few)
                yield return few;
        }
    }

    internal static string Ms(double? ms) => ms is { } known
        ? known.ToString(known < 10 ? "0.00" : known < 100 ? "0.0" : "#,0", CultureInfo.InvariantCulture)
        : "–";

    static string Usd(double usd) =>
        "$" + usd.ToString(usd < 10 ? "0.000" : "#,0.00", CultureInfo.InvariantCulture);

    static string Share(double? share) =>
        share is { } known ? FormattableString.Invariant($"{100 * known:0.0} %") : "–";

    static string N(long count) => count.ToString("N0", CultureInfo.InvariantCulture);
}
