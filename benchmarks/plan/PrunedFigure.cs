using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;

namespace Plimsoll.Plan.Figures;

/// <summary>
/// The pruned search beside <c>--exhaustive</c> on twenty small spaces: who wins, and how many requests each
/// simulated.
/// </summary>
static class PrunedFigure
{
    /// <summary>
    /// Streams as short as the limits' percentiles bear, so that whole spaces can be simulated: in shorter
    /// ones the whole search picks whom their noise favours most, which says nothing of what was pruned.
    /// </summary>
    const string Axes = " --gpu h100,h200,b200 --tp 1,2,4,8 --kv bf16,fp8 --requests 3000 --json";

    const string Limits = " --max-num-batched-tokens 2048,8192,16384 --max-num-seqs 256,1024";

    static readonly string[] Models = ["Llama-3.1-8B", "Qwen3-32B", "Llama-3.3-70B", "gpt-oss-120b"];

    static readonly string[] Traffic =
    [
        "chat --promise \"ttft p90 500ms\" --promise \"tpot p90 50ms\"",
        "summarisation --promise \"ttft p90 2s\"",
        "code-completion --promise \"ttft p90 300ms\" --promise \"tpot p90 25ms\"",
        "chat --pools all --promise \"ttft p90 1s\" --promise \"tpot p90 30ms\"",
        "reasoning --promise \"tpot p90 40ms\"",
    ];

    /// <param name="from">The first space, from 1.</param>
    /// <param name="to">The last.</param>
    public static int Run(int from = 1, int to = int.MaxValue)
    {
        Console.WriteLine(FormattableString.Invariant(
            $"{Environment.ProcessorCount} processors, seed 1\n")
            + $"{"space",-64}{"candidates",11}{"all",14}{"pruned",13}{"fewer",8}  winner");
        var ok = true;
        var ratios = new List<double>();
        var spaces = from model in Models from traffic in Traffic select (model, traffic);
        foreach (var (model, traffic) in spaces.Take(to).Skip(from - 1))
        {
            // Pools multiply a space by themselves.
            var limits = traffic.Contains("--pools") ? "" : Limits;
            var command = $"plan --model {model} --weights native,fp8 --seed 1 --workload {traffic}"
                + limits + Axes;
            var whole = Verb.Run(command + " --exhaustive").Json;
            var pruned = Verb.Run(command).Json;
            var (same, said) = Winner(whole, pruned);
            var (all, few) = (Simulated(whole), Simulated(pruned));
            ratios.Add((double)all / few);
            ok &= same;
            Console.WriteLine(FormattableString.Invariant(
                $"{model + ", " + traffic.Replace("--promise ", "").Replace("\"", ""),-64}")
                + FormattableString.Invariant($"{(int)whole["statement"]!["candidates"]!,11}{all,14:N0}")
                + FormattableString.Invariant($"{few,13:N0}{ratios[^1],7:0.0}×  {said}"));
        }
        ratios.Sort();
        Console.WriteLine(FormattableString.Invariant(
            $"fewer simulated requests: {ratios[0]:0.0}× to {ratios[^1]:0.0}×, median ")
            + FormattableString.Invariant($"{ratios[ratios.Count / 2]:0.0}× (promised 20×); ")
            + (ok ? "the same winner or a declared tie, always" : "a winner was lost"));
        return ok && ratios[0] >= 20 ? 0 : 1;
    }

    static long Simulated(JsonNode plan) => (long)plan["statement"]!["simulatedRequests"]!;

    static (bool Same, string Said) Winner(JsonNode whole, JsonNode pruned)
    {
        var (all, few) = (whole["best"]!.AsArray(), pruned["best"]!.AsArray());
        if (all.Count == 0 || few.Count == 0)
            return (all.Count == few.Count, "nobody keeps the promise");
        var winner = (string)all[0]!["deployment"]!;
        var row = few.FirstOrDefault(r => (string)r!["deployment"]! == winner);
        return row is null ? (false, $"lost: {winner}")
            : (int)row["rank"]! == 1 ? (true, "same")
            : ((bool)row["tie"]!, (bool)row["tie"]! ? $"tie, rank {row["rank"]}" : $"lost: {winner}");
    }
}
