using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace Plimsoll.Distiller;

/// <summary>What uneven routing does to measured layers: balanced and steeper over what is fitted.</summary>
static class MoeSkew
{
    const string Fitted = "power_law_1.01";

    static readonly int[] TokenKnots = [1, 8, 32, 128, 512, 2048, 8192];

    static readonly (string Name, int Least, int Most)[] Ranks =
        [("1", 1, 1), ("2 to 4", 2, 4), ("8 on", 8, 32)];

    /// <summary>Medians in hundredths by tokens, over all layers of the tables.</summary>
    public static void Print(IEnumerable<KernelTable> tables, TextWriter output)
    {
        var layers = tables.SelectMany(Layers).ToList();
        foreach (var (name, least, most) in Ranks)
        {
            foreach (var routing in (string[])["balanced", "power_law_1.2"])
            {
                var medians = TokenKnots.Select(tokens => Median(
                    layers.Where(l => l.Tokens == tokens && l.Ranks >= least && l.Ranks <= most), routing));
                output.WriteLine($"experts on {name} ranks, {routing} over {Fitted}, hundredths at "
                    + $"{string.Join(", ", TokenKnots)} tokens: {string.Join(", ", medians)}");
            }
        }
    }

    sealed record Layer(int Tokens, int Ranks, Dictionary<string, double> NsByRouting);

    static string Median(IEnumerable<Layer> layers, string routing)
    {
        var ratios = layers.Select(l => l.NsByRouting)
            .Where(ns => ns.ContainsKey(routing) && ns.ContainsKey(Fitted))
            .Select(ns => ns[routing] / ns[Fitted]).Order().ToList();
        return ratios.Count == 0 ? "–" : $"{Math.Round(100 * ratios[ratios.Count / 2])}";
    }

    static IEnumerable<Layer> Layers(KernelTable table)
    {
        var layers = new Dictionary<string, Layer>();
        for (var row = 0; row < table.Count; row++)
        {
            var (ranks, tokens) = (table.Int(row, "moe_ep_size"), table.Int(row, "num_tokens"));
            if (!TokenKnots.Contains(tokens) || table.Int(row, "topk") > MoeDistiller.MostChoices
                || (ranks > 1 && table.Int(row, "moe_tp_size") > 1)
                || table.Text(row, "kernel_source").Contains("nongated", StringComparison.Ordinal))
            {
                continue;
            }
            var key = string.Join('|', ((string[])[
                "kernel_source", "moe_dtype", "num_tokens", "hidden_size", "inter_size", "topk",
                "num_experts", "moe_tp_size", "moe_ep_size"]).Select(column => table.Text(row, column)));
            if (!layers.TryGetValue(key, out var layer))
                layers[key] = layer = new Layer(tokens, ranks, []);
            var routing = table.Text(row, "distribution");
            layer.NsByRouting[routing] =
                Math.Min(table.Ns(row), layer.NsByRouting.GetValueOrDefault(routing, double.MaxValue));
        }
        return layers.Values;
    }
}
