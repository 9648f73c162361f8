using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Search;
using Plimsoll.Core;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Models;
using Plimsoll.Inputs.Files;
using Plimsoll.Inputs.Measured;

namespace Plimsoll.Bench.Money;

/// <summary>A figure of an account beside the same figure as it was realised.</summary>
/// <param name="Name">What it is, with its unit.</param>
/// <param name="Predicted">The account's.</param>
/// <param name="Low">Low end of its 90 % interval; null without one.</param>
/// <param name="High">High end.</param>
/// <param name="Realised">The run's; null where it has none.</param>
public sealed record ComparedFigure(string Name, double Predicted, double? Low, double? High,
    double? Realised)
{
    public double? Ratio => Realised / Predicted;

    /// <summary>
    /// Whether the run lies outside the account's interval; without one, more than a tenth away.
    /// </summary>
    public bool IsOff => Realised is { } r && (r < (Low ?? 0.9 * Predicted) || r > (High ?? 1.1 * Predicted));
}

/// <summary>What <c>plimsoll account --json</c> predicted beside what a run realised.</summary>
/// <param name="Figures">One table.</param>
/// <param name="Off">Which assumption is off, in one line each; empty when all figures lie inside.</param>
public sealed record AccountComparison(IReadOnlyList<ComparedFigure> Figures, IReadOnlyList<string> Off)
{
    const string Rate = "rate, requests/s of a replica";
    const string Tokens = "tokens per request";
    const string Price = "USD per accelerator-hour";
    const string Line = "load line, requests/s of a replica";
    const string AtLine = "USD per million tokens, a replica at its load line";
    const string OfFleet = "USD per million tokens, the fleet sized for its demand";
    const string Expected = "what `plimsoll account --json` printed";

    public static AccountComparison Read(string path, BenchResult result, MoneyReport? money)
    {
        if (!File.Exists(path))
        {
            throw new BadInputException($"{Setting.Against} {path}", "no such file", Expected);
        }
        try
        {
            using var json = JsonDocument.Parse(SmallFile.ReadText(path, Expected));
            var figures = Compare(json.RootElement, result, money);
            return new AccountComparison(figures,
                [.. NotAlike(json.RootElement.GetProperty("statement"), result, money), .. Blame(figures)]);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new BadInputException($"{Setting.Against} {path}", "is no account", Expected);
        }
    }

    /// <summary>Throws before the load what <see cref="Read"/> would throw after it.</summary>
    public static void Check(string path, BenchResult nothing)
    {
        SpecialFile.Refuse(path, Expected);
        Read(path, nothing, money: null);
    }

    static List<ComparedFigure> Compare(JsonElement account, BenchResult result, MoneyReport? money)
    {
        var statement = account.GetProperty("statement");
        var interactive = account.GetProperty("classes").EnumerateArray().First(c =>
            c.GetProperty("class").GetString() == "interactive");
        var level = result.Levels[0];
        List<ComparedFigure> figures =
        [
            new(Price,
                statement.GetProperty("price").GetProperty("usdPerGpuHour").GetDouble(), null, null,
                money is null ? null : (double)money.Price.UsdPerHour),
            Bounded(Line, "loadLineRequestsPerSecond", null,
                interactive.GetProperty("loadLine").GetProperty("requestsPerSecond").GetDouble(),
                    result.LoadLine is { Outcome: LineOutcome.Found } line ? line.Rate : null),
            .. Load(interactive, result, money),
        ];
        foreach (var (metric, key) in new[] { (Metric.Ttft, "ttftMs"), (Metric.Tpot, "tpotMs"),
            (Metric.E2e, "e2eMs") })
        {
            foreach (var percentile in new[] { 50, 95 })
            {
                if (Latency(interactive.GetProperty("latency"), key, percentile) is { } predicted)
                {
                    figures.Add(new ComparedFigure(
                        $"{metric.Name()} p{percentile}, ms", predicted, LatencyEnd("low", key, percentile),
                        LatencyEnd("high", key, percentile), level.Latencies[metric].At(percentile)));
                }
            }
        }
        figures.AddRange(Dollars(interactive, figures[1], money));
        // A run of so many replicas realises nothing of a fleet that is there for its peaks.
        figures.Add(Bounded(OfFleet, "cost", "usdPerMillionTokens",
            interactive.GetProperty("cost").GetProperty("usdPerMillionTokens").GetDouble(), null));
        return figures;

        ComparedFigure Bounded(string name, string key, string? inner, double predicted, double? realised) =>
            new(name, predicted, End("low", key, inner), End("high", key, inner), realised);

        double? End(string end, string key, string? inner)
        {
            if (!interactive.TryGetProperty("bounds", out var bounds)
                || !bounds.GetProperty(end).TryGetProperty(key, out var value))
            {
                return null;
            }
            if (inner is not null && value.ValueKind == JsonValueKind.Object)
                value = value.GetProperty(inner);
            return value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;
        }

        double? LatencyEnd(string end, string key, int percentile) =>
            interactive.TryGetProperty("bounds", out var bounds)
                && bounds.GetProperty(end).TryGetProperty("latency", out var latency)
                ? Latency(latency, key, percentile)
                : null;
    }

    /// <summary>
    /// What the account's latencies are of: a replica at its load line, requests of the workload's length.
    /// A run at another rate has other latencies, and no account is wrong for it.
    /// </summary>
    static IEnumerable<ComparedFigure> Load(JsonElement interactive, BenchResult result, MoneyReport? money)
    {
        if (interactive.Find("fleet.accelerators") is { ValueKind: JsonValueKind.Number } accelerators
            && interactive.Find("fleet.replicas") is { ValueKind: JsonValueKind.Number } replicas)
        {
            // The run's own replica where it is known; else the account's.
            var each = money?.Deployment?.Accelerators ?? accelerators.GetDouble() / replicas.GetDouble();
            yield return new ComparedFigure(Rate,
                interactive.GetProperty("loadLine").GetProperty("requestsPerSecond").GetDouble(), null, null,
                money is null || result.LoadLine is not null || result.Completed == 0 ? null
                    : result.PerSecond(result.Completed) / (money.Count / each));
        }
        if (TokensPerRequest(interactive) is { } tokens)
        {
            yield return new ComparedFigure(Tokens, tokens, null, null,
                result.Completed == 0 || result.Levels.Any(level => !level.KnowsPromptTokens) ? null
                    : (double)(result.PromptTokens + result.OutputTokens) / result.Completed);
        }
    }

    /// <summary>
    /// What a token costs on a replica that is at its load line all the time: the hour's dollars over the
    /// tokens of the hour. This, and not the cost of a fleet that is sized for its peaks, is what one replica
    /// under a steady load can realise.
    /// </summary>
    static IEnumerable<ComparedFigure> Dollars(JsonElement interactive, ComparedFigure line,
        MoneyReport? money)
    {
        if (interactive.Find("fleet.usdPerHour") is { ValueKind: JsonValueKind.Number } fleet
            && interactive.Find("fleet.replicas") is { ValueKind: JsonValueKind.Number } replicas
            && TokensPerRequest(interactive) is { } tokens)
        {
            var usdPerSecond = fleet.GetDouble() / replicas.GetDouble() / 3600;
            yield return new ComparedFigure(AtLine, At(line.Predicted), End(line.High), End(line.Low),
                money?.UsdPerMillionTokens?.Value);

            double At(double rate) => 1e6 * usdPerSecond / (rate * tokens);

            double? End(double? rate) => rate is { } known ? At(known) : null;
        }
    }

    static double? TokensPerRequest(JsonElement interactive) =>
        interactive.Find("cost.usdPerRequest") is { ValueKind: JsonValueKind.Number } usd
            ? 1e6 * usd.GetDouble()
                / interactive.GetProperty("cost").GetProperty("usdPerMillionTokens").GetDouble()
            : null;

    static double? Latency(JsonElement latency, string key, int percentile) =>
        latency.TryGetProperty(key, out var metric) && metric.TryGetProperty($"p{percentile}", out var value)
        && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    /// <summary>Of what the account is and the run is not, before any figure.</summary>
    static IEnumerable<string> NotAlike(JsonElement statement, BenchResult result, MoneyReport? money)
    {
        if (money is not null)
        {
            foreach (var line in Other("card", "deployment.gpu", money.Gpu))
                yield return line;
        }
        if (money?.Deployment is { } run)
        {
            foreach (var line in new[]
            {
                Other("model", "model", run.Model.Name),
                Other("tensor parallel degree", "deployment.tp", $"{run.TensorParallel}"),
                Other("weights", "deployment.weights", run.Weights.Name()),
                Other("KV", "deployment.kv", run.Kv.Name()),
            }.SelectMany(lines => lines))
            {
                yield return line;
            }
        }
        if (result.Levels.Count > 1)
        {
            yield return $"the run has {result.Levels.Count} levels: its latencies are those of "
                + $"{result.Levels[0].Name}, its rate and tokens those of all";
        }

        IEnumerable<string> Other(string what, string key, string ran)
        {
            if (statement.Find(key)?.ToString() is { } said
                && !string.Equals(said, ran, StringComparison.OrdinalIgnoreCase))
            {
                yield return $"{what}: the account is of {said}, the run of {ran}: "
                    + "their figures are not of one thing";
            }
        }
    }

    /// <summary>
    /// What explains most of a difference: a rate, lengths or a price that is another by itself, since
    /// dollars per token are price over rate and length, and latencies follow rate and length.
    /// </summary>
    static string? Largest(List<ComparedFigure> figures, bool dollars)
    {
        (string Name, string Cause)[] factors =
        [
            (Rate, "the rate, before anything else"), (Tokens, "the lengths, before anything else"),
            .. dollars ? [(Price, "the price, before anything else")] : Array.Empty<(string, string)>(),
        ];
        return factors
            .Select(factor => (factor.Cause, Figure: figures.FirstOrDefault(f => f.Name == factor.Name)))
            .Where(factor => factor.Figure is { IsOff: true, Ratio: > 0 })
            .OrderByDescending(factor => Math.Abs(Math.Log(factor.Figure!.Ratio!.Value)))
            .Select(factor => factor.Cause).FirstOrDefault();
    }

    /// <summary>What a figure that lies outside speaks against.</summary>
    static IEnumerable<string> Blame(List<ComparedFigure> figures)
    {
        var (ofDollars, ofTime) = (Largest(figures, dollars: true), Largest(figures, dollars: false));
        foreach (var figure in figures.Where(figure => figure.IsOff))
        {
            var cause = figure.Name switch
            {
                Rate => "the rate: the account's latencies, and the dollars beside this run's, are those of "
                    + "a replica at its load line",
                Tokens => "the lengths of prompts and answers",
                Price => "the price",
                AtLine when ofDollars is not null => ofDollars,
                not (Line or AtLine) when ofTime is not null => ofTime,
                Line =>
                    "the step times or the arrivals' shape: calibrate, and compare the workload",
                AtLine =>
                    "the rate per accelerator: see utilisation, lengths and load line",
                "tpot p50, ms" or "tpot p95, ms" => "the step times, or the batch that ran: calibrate",
                "ttft p50, ms" => "prefill speed, prompt lengths or prefix hits",
                "ttft p95, ms" => "queueing: the rate or the burstiness of arrivals",
                _ => "output lengths, or what is above",
            };
            yield return string.Create(CultureInfo.InvariantCulture,
                $"{figure.Name} is {figure.Ratio:0.00} × the "
                + $"prediction; what it speaks against: {cause}");
        }
    }
}
