using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Text;
using Plimsoll.Bench.Verdicts;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;

namespace Plimsoll.Cli.Terminal;

/// <summary>A run for a person at a terminal.</summary>
static class BenchText
{
    public static string Of(BenchResult result, IReadOnlyList<string> metrics)
    {
        var text = new StringBuilder();
        text.Append($"{result.Model} at {result.Address}\n");
        TextLines.Wrap(text, "", "", $"{result.Load}; "
            + $"{(result.IsImported ? "written" : "started")} {result.StartedAt:yyyy-MM-dd HH:mm:ss}Z");
        foreach (var reason in result.InvalidBecause)
            TextLines.Wrap(text, "INVALID ", "        ", reason);
        foreach (var level in result.Levels)
            Level(text, result, level, metrics);
        text.Append('\n');
        Throughput(text, result);
        if (result.Server is { } server)
            TextLines.Wrap(text, "engine: ", "        ", RunWords.Of(server));
        if (result.Steps?.Problem is { } problem)
            TextLines.Wrap(text, "engine's log: ", "        ", $"not joined whole: {problem}");
        if (result.Steps is { Steps.Count: > 0 } steps)
            text.Append($"engine's log: {RunWords.Of(steps)}\n");
        Client(text, result.Client);
        foreach (var warning in result.Warnings)
            TextLines.Wrap(text, "WARNING ", "        ", warning);
        return text.ToString();
    }

    static void Level(StringBuilder text, BenchResult result, LevelReport level,
        IReadOnlyList<string> metrics)
    {
        text.Append('\n');
        if (result.Levels.Count > 1)
            text.Append($"{level.Name}\n");
        var percentiles = level.Latencies[Metric.Ttft].PercentilesMs.Keys.Order().ToList();
        var table = new TextTable([
            $"ms, from {result.LatenciesFrom}", "mean",
                .. percentiles.Select(p => FormattableString.Invariant($"p{p:0.###}")), "samples"]);
        foreach (var (metric, latency) in level.Latencies.Where(l => metrics.Contains(l.Key.Name())))
            table.Add(Row(metric.Name().ToUpperInvariant(), latency, percentiles));
        foreach (var (metric, latency) in level.FromSend.Where(l => metrics.Contains(l.Key.Name())))
            table.Add(Row($"{metric.Name().ToUpperInvariant()} from the send itself", latency, percentiles));
        text.Append(table);
        foreach (var limit in level.Promise)
        {
            text.Append($"{PromiseText.Of(limit.Limit)}: ");
            text.Append(limit.MeasuredMs is { } ms ? $"{Ms(ms)} ms" : "percentile unknown");
            if (limit.Broken is { } broken)
                text.Append($"; broken by {broken:N0} of {Plural.Of(level.Requests, "request")}");
            if (result.LoadLine is null)
                text.Append(VerdictWords.Of(limit, "; "));
            text.Append('\n');
        }
        // A search breaks its promise on purpose.
        if (level.Verdict != PromiseVerdict.None && result.LoadLine is null)
            text.Append($"promise {VerdictWords.Of(level.Verdict)}\n");
        if (level.Goodput is { } goodput)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"goodput {100 * goodput:0.00} % of requests kept every limit\n");
        }
        foreach (var failure in level.Failures)
        {
            TextLines.Wrap(text, "failed  ", "        ",
                $"{failure.Count:N0} {failure.Kind}: {failure.Example}");
        }
        if (level.Cancelled > 0)
            text.Append($"given up when the run was stopped: {level.Cancelled:N0}\n");
        Tokens(text, level);
    }

    static void Tokens(StringBuilder text, LevelReport level)
    {
        if (level.Completed == 0)
            return;
        var off = level.AskedPromptTokens > 0 ? (double)level.PromptTokens / level.AskedPromptTokens - 1 : 0;
        if (Math.Abs(off) >= 0.001)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"prompts came out {100 * Math.Abs(off):0.0} % {(off > 0 ? "longer" : "shorter")} "
                    + $"than asked for\n");
        }
        if (level.Short > 0)
            text.Append($"{Plural.Of(level.Short, "answer")} ended before the length asked for\n");
        Cached(text, level);
        if (level.CountedShare < 1)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"tokens of {100 * (1 - level.CountedShare):0.#} % of the answers are chunks: the "
                    + $"endpoint did not count them\n");
        }
        else if (level.Latencies[Metric.Itl].Samples > 0
            && Math.Abs(level.Chunks - level.OutputTokens) > 0.05 * level.OutputTokens)
        {
            text.Append($"{level.OutputTokens:N0} tokens came in {level.Chunks:N0} chunks; ITL gaps are "
                + $"between chunks\n");
        }
    }

    static void Cached(StringBuilder text, LevelReport level)
    {
        if (level.CachedShare is not { } cached)
            return;
        text.Append(CultureInfo.InvariantCulture,
            $"{100 * cached:0.0} % of the prompt tokens were cached, as the endpoint says; the load itself ");
        text.Append(level.SharedShare is { } shared
            ? FormattableString.Invariant($"shares at most {100 * shared:0.0} %\n")
            : "shares an unknown part\n");
    }

    static void Throughput(StringBuilder text, BenchResult result)
    {
        text.Append($"{RunWords.Served(result)}\n{RunWords.Rates(result)}\n");
        text.Append($"tokens counted {result.TokenCounting}\nprompt lengths: {result.PromptLengths}");
        text.Append(result.PromptSalt is { } salt ? $"; --prompt-salt {salt} sends the same words\n" : "\n");
    }

    static void Client(StringBuilder text, ClientReport client)
    {
        if (client.CpuShare is null)
            return;
        TextLines.Wrap(text, "client: ", "        ", ClientWords.Of(client) + FormattableString.Invariant(
            $"; {100 * client.CpuShare:0} % of the CPU; {client.PausedMs:0} ms in GC"));
        if (client.ClockSteps > 0)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"the wall clock was stepped {Plural.Of(client.ClockSteps, "time")}, "
                + $"by {client.ClockSteppedMs:0} ms in all; latencies are from the monotonic clock\n");
        }
    }

    static string[] Row(string name, LatencyReport latency, List<double> percentiles) =>
        [name, Ms(latency.MeanMs), .. percentiles.Select(p => Ms(latency.At(p))),
            latency.Samples.ToString("N0", CultureInfo.InvariantCulture)];

    public static string Ms(double? ms) => ms is { } known
        ? known.ToString(known < 10 ? "0.00" : known < 100 ? "0.0" : "#,0", CultureInfo.InvariantCulture)
        : "–";
}
