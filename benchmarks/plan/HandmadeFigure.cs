using System;
using System.IO;
using System.Linq;

namespace Plimsoll.Plan.Figures;

/// <summary>
/// The plan's winner beside the best of sixteen deployments that an engineer would try by hand, both chosen
/// on one half of a conversation trace and billed on the other, by the same simulation.
/// </summary>
static class HandmadeFigure
{
    const string Ask = "plan --model Llama-3.3-70B --rate 50 --promise \"ttft p95 500ms\" --promise "
        + "\"tpot p95 50ms\" --json";

    /// <summary>Four cards, tensor parallelism over half a node and a whole one, weights as published or not.
    /// </summary>
    static readonly string[] Tried =
    [
        .. from card in new[] { "h100_sxm", "h200_sxm", "b200_sxm", "a100_sxm" }
           from tp in new[] { 4, 8 }
           from weights in new[] { "bf16", "fp8" }
           select $"--gpu {card} --tp {tp} --weights {weights} --max-num-batched-tokens 8192",
    ];

    public static int Run(string trace)
    {
        if (!File.Exists(trace))
        {
            Console.WriteLine($"{trace}: not there; the figure wants a trace of conversations");
            return 0;
        }
        var folder = Directory.CreateTempSubdirectory("plimsoll-halves-");
        try
        {
            var halves = Halves(trace, folder.FullName);
            var isNeverDearer = true;
            for (var i = 0; i < 2; i++)
                isNeverDearer &= IsNotDearer(halves[i], halves[1 - i], i == 0 ? "first" : "second");
            return isNeverDearer ? 0 : 1;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    static string[] Halves(string trace, string folder)
    {
        var lines = File.ReadAllLines(trace);
        var (head, rows) = (lines[0], lines[1..]);
        var files = new[] { Path.Combine(folder, "first.csv"), Path.Combine(folder, "second.csv") };
        File.WriteAllLines(files[0], [head, .. rows[..(rows.Length / 2)]]);
        File.WriteAllLines(files[1], [head, .. rows[(rows.Length / 2)..]]);
        return files;
    }

    static bool IsNotDearer(string chosenOn, string billedOn, string name)
    {
        var byHand = Tried.Select(tried => (Tried: tried, Usd: Bill(chosenOn, tried)))
            .MinBy(t => t.Usd ?? double.PositiveInfinity);
        var plan = Verb.Run($"{Ask} --workload {chosenOn} --tier kernels --weights native,fp8").Json;
        var best = plan["best"]![0]!;
        var found = $"--gpu \"{best["gpu"]}\" --tp {best["tp"]} --pp {best["pp"]} "
            + $"--weights {best["weights"]} --max-num-batched-tokens {best["maxNumBatchedTokens"]}";
        var (hand, ours) = (Bill(billedOn, byHand.Tried), Bill(billedOn, found));
        Console.WriteLine(FormattableString.Invariant(
            $"chosen on the {name} half, billed on the other: by hand {byHand.Tried}, ${hand:0.00} an hour; ")
            + FormattableString.Invariant($"plan {best["deployment"]}, ${ours:0.00} an hour"));
        return ours <= hand;
    }

    static double? Bill(string trace, string deployment)
    {
        var best = Verb.Run($"{Ask} --workload {trace} {deployment}").Json["best"]!.AsArray();
        return best.Count == 0 ? null : (double)best[0]!["bill"]!["usdPerHour"]!;
    }
}
