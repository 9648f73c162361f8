using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Plimsoll.Core.Timing;
using Plimsoll.Distiller;
using Plimsoll.Inputs.Catalogues;

// Reads ../shared/data and writes data/steptime. Run from the repository's root:
//   dotnet run -c Release --project tools/Plimsoll.Distiller            all cards
//   dotnet run -c Release --project tools/Plimsoll.Distiller -- h100_sxm --check
// --check writes nothing and prints the error on rows that are no knots; --medians adds the efficiencies
// that stand for a card nobody measured; --skew prints what uneven routing does to experts, and nothing else.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var kernels = Path.Combine("..", "shared", "data", "kernels");
if (!Directory.Exists(kernels))
{
    Console.Error.WriteLine($"{kernels}: no kernel tables here");
    return 2;
}
var check = args.Contains("--check");
var all = new List<EfficiencyCurves>();
var wanted = args.Where(a => !a.StartsWith("--", StringComparison.Ordinal)).ToHashSet();
var cards = Card.All.Where(c => wanted.Count == 0 || wanted.Contains(c.Key));
if (args.Contains("--skew"))
{
    MoeSkew.Print(
        from card in cards
        where card.Key is "h100_sxm" or "h200_sxm" or "b200_sxm"
        from engine in (string[])["vllm", "trtllm"]
        select KernelTable.Read(card.Tables(kernels, engine)["moe_perf"]), Console.Out);
    return 0;
}
foreach (var card in cards)
{
    foreach (var engine in (string[])["vllm", "trtllm"])
    {
        var tables = card.Tables(kernels, engine);
        if (tables.Count > 0)
        {
            Keep(card, engine, CardDistiller.Distill(card, engine, tables, kernels, Console.Out));
        }
        else if (engine == "vllm" && ProfileDistiller.Distill(card, kernels, Console.Out) is { } profiled)
        {
            Keep(card, engine, profiled);
        }
    }
}
if (args.Contains("--medians"))
{
    Medians.Print(all, Console.Out);
}
return 0;

void Keep(Card card, string engine, EfficiencyCurves curves)
{
    all.Add(curves);
    if (check)
    {
        return;
    }
    var path = Path.Combine("data", "steptime", $"{card.Key}.{engine}.json");
    Directory.CreateDirectory(Path.GetDirectoryName(path)!);
    File.WriteAllText(path, StepTimeCatalogue.Write(curves));
    Console.WriteLine($"  wrote {path}, {new FileInfo(path).Length / 1024} KiB");
}
