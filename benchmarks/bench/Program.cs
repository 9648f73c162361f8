using System;
using System.Globalization;
using System.Text.Json;
using Plimsoll.Bench.Figures;

// Read on the threads that wait, as the verb does; said before the first socket.
Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", args is ["emitter", ..]
    ? "0" : "1");
switch (args)
{
    case ["search", .. var rest]:
        SearchFigure.Print(rest is [var seeds, ..] ? int.Parse(seeds) : 100,
            rest is [_, var first, ..] ? ulong.Parse(first) : 1001,
            rest is [_, _, var family] ? family : null);
        break;
    case ["timestamps", .. var rest]:
        StreamFigures.Pairs(rest is [var pairs] ? int.Parse(pairs) : 5, streams: 200, tokens: 1000,
            intervalUs: 20_000);
        break;
    case ["streams"]:
        StreamFigures.Many(streams: 2000, tokens: 400, intervalUs: 50_000);
        break;
    case ["lateness"]:
        StreamFigures.Lateness();
        break;
    case ["overload"]:
        OverloadFigure.Print();
        break;
    case ["loop"]:
        LoopFigure.Print();
        break;
    case ["memory", .. var rest]:
        MemoryFigure.Print(rest is [var most] ? int.Parse(most) : 1_000_000);
        break;
    case ["memory-run", var address, var requests]:
        MemoryFigure.Run(address, int.Parse(requests));
        break;
    case ["emitter", var port]:
        Emitter.Run(int.Parse(port));
        break;
    case ["client", var url, var streams, var tokens, var interval]:
        var run = StreamClient.Run(url, int.Parse(streams), int.Parse(tokens), int.Parse(interval));
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            cpu_ns = run.CpuNs,
            stamps = run.Stamps,
            client = string.Create(
                CultureInfo.InvariantCulture, $"read lag p99 {run.Client.ReadLagP99Ms:0.00} ms, "
                + $"{100 * run.Client.CpuShare:0} % of the CPU; ")
                + (run.Client.IsValid ? "valid" : $"INVALID: {string.Join("; ", run.Client.InvalidBecause)}"),
        }));
        break;
    default:
        Console.Error.WriteLine(
            "expected: search [SEEDS [FIRST [FAMILY]]], timestamps [PAIRS], streams, lateness, overload, "
                + "loop or memory [REQUESTS]");
        return 2;
}
return 0;
