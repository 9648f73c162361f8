using System;
using System.Linq;

namespace Plimsoll.Plan.Figures;

/// <summary>Drivers of a comparison beside the change that they sum to, in pico-dollars.</summary>
static class CompareFigure
{
    static readonly string[] Pairs =
    [
        "gpu=h100 gpu=h200,weights=fp8",
        "gpu=h100 gpu=b200,weights=fp8,kv=fp8 --batch",
        "model=Llama-3.1-8B,gpu=h100 model=Llama-3.3-70B,gpu=h200,workload=summarisation --batch",
        "--from 2023-03 --to 2026-08 --batch",
        "--from 2025-01 --to 2026-08 --model Llama-3.1-8B",
    ];

    public static int Run()
    {
        var off = 0m;
        foreach (var pair in Pairs)
        {
            var json = Verb.Run($"compare {pair} --requests 2000 --json").Json;
            if (json["change"] is not { } change)
            {
                Console.WriteLine($"{pair}: a promise is broken, nothing to split");
                continue;
            }
            var drivers = json["drivers"]!.AsArray();
            var sum = drivers.Sum(d => (decimal)d!["usdPerMillionTokens"]!);
            var whole = (decimal)change["usdPerMillionTokens"]!;
            off += Math.Abs(sum - whole);
            Console.WriteLine(FormattableString.Invariant(
                $"{pair}: {drivers.Count} drivers sum to {sum:0.000000000000}, the change is ")
                + FormattableString.Invariant($"{whole:0.000000000000} USD per million tokens"));
        }
        Console.WriteLine(FormattableString.Invariant(
            $"off by {off * 1_000_000_000_000m:0} pico-dollars in all (promised 0)"));
        return off == 0 ? 0 : 1;
    }
}
