using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;

namespace Plimsoll.Plan.Figures;

/// <summary>
/// The pruned search beside <c>--exhaustive</c>: who wins on twenty small spaces, most of some fifty
/// candidates, which can all be simulated whole, and on one of more how many requests are saved, since twelve
/// are simulated in full however many there are.
/// </summary>
static class PrunedFigure
{
    /// <summary>
    /// Streams as short as the limits' percentiles bear, so that whole spaces can be simulated: in shorter
    /// ones the whole search picks whom their noise favours most, which says nothing of what was pruned.
    /// </summary>
    const string Common = " --weights native,fp8 --requests 3000 --seed 1 --json";

    const string Small = " --gpu h100,h200,b200 --tp 1,2,4,8 --kv fp8";

    /// <summary>Pools multiply a space by themselves.</summary>
    const string Pooled = " --gpu h100 --tp 1,2 --kv fp8 --max-num-batched-tokens 8192 --pools all";

    const string Large = " --gpu h100,h200,b200 --tp 1,2,4,8 --kv bf16,fp8 --max-num-seqs 256,512,1024"
        + " --max-num-batched-tokens 2048,4096,8192,16384";

    const string InPools = " in pools";

    static readonly string[] Models = ["Llama-3.1-8B", "Qwen3-32B", "Llama-3.3-70B", "gpt-oss-120b"];

    static readonly string[] Traffic =
    [
        "chat --promise \"ttft p90 500ms\" --promise \"tpot p90 50ms\"",
        "summarisation --promise \"ttft p90 2s\"",
        "code-completion --promise \"ttft p90 300ms\" --promise \"tpot p90 25ms\"",
        "chat in pools --promise \"ttft p90 1s\" --promise \"tpot p90 30ms\"",
        "reasoning --promise \"tpot p90 40ms\"",
    ];

    /// <param name="from">The first space, from 1.</param>
    /// <param name="to">The last; the 21st is the larger one.</param>
    public static int Run(int from = 1, int to = int.MaxValue)
    {
        Console.WriteLine(FormattableString.Invariant(
            $"{Environment.ProcessorCount} processors, seed 1\n")
            + $"{"space",-64}{"candidates",11}{"all",14}{"pruned",13}{"fewer",8}  winner");
        var ok = true;
        var ratios = new List<double>();
        foreach (var (model, traffic, axes) in Spaces().Take(to).Skip(from - 1))
        {
            var (same, ratio) = Row(model, traffic, axes);
            ok &= same;
            ratios.Add(ratio);
        }
        Console.WriteLine(FormattableString.Invariant(
            $"fewer simulated requests: {ratios.Min():0.0}× to {ratios.Max():0.0}× (promised 20×); ")
            + (ok ? "the same winner or a declared tie, always" : "a winner was lost"));
        return ok && ratios.Min() >= 20 ? 0 : 1;
    }

    static IEnumerable<(string Model, string Traffic, string Axes)> Spaces()
    {
        foreach (var model in Models)
        {
            foreach (var traffic in Traffic)
                yield return (model, traffic, traffic.Contains(InPools) ? Pooled : Small);
        }
        yield return (Models[0], Traffic[0], Large);
    }

    static (bool Same, double Ratio) Row(string model, string traffic, string axes)
    {
        var command = $"plan --model {model} --workload {traffic.Replace(InPools, "")}{axes}{Common}";
        var whole = Verb.Run(command + " --exhaustive").Json;
        var pruned = Verb.Run(command).Json;
        var (same, said) = Winner(whole, pruned);
        var (all, few) = (Simulated(whole), Simulated(pruned));
        var ratio = (double)all / few;
        Console.WriteLine(FormattableString.Invariant(
            $"{model + ", " + traffic.Replace("--promise ", "").Replace("\"", ""),-64}")
            + FormattableString.Invariant($"{(int)whole["statement"]!["candidates"]!,11}{all,14:N0}")
            + FormattableString.Invariant($"{few,13:N0}{ratio,7:0.0}×  {said}"));
        return (same, ratio);
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
