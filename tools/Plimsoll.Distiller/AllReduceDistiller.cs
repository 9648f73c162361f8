using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Timing;

namespace Plimsoll.Distiller;

/// <summary>
/// All-reduce by message size. Both engines hand messages that outgrow their own kernel to the same
/// library, so a size that one engine's table shows slower than the other's on the same card tells of the
/// machine it was measured on; the faster of the two is kept.
/// </summary>
static class AllReduceDistiller
{
    const int LargestBytes = 268_435_456;

    public static AllReduceCurve[] Distill(Card card, string engine, string kernels)
    {
        var own = Read(card, engine, kernels);
        var other = Read(card, engine == "vllm" ? "trtllm" : "vllm", kernels);
        var curves = new List<AllReduceCurve>();
        foreach (var ((ranks, graph), cells) in own.OrderBy(c => c.Key))
        {
            var rival = other.Where(c => c.Key.Ranks == ranks).Select(c => c.Value).ToList();
            var sizes = cells.Keys.Where(s => s <= LargestBytes && s >= 1024).Order().ToArray();
            curves.Add(new AllReduceCurve
            {
                Ranks = ranks,
                Graph = graph,
                Bytes = sizes,
                Ns = [.. sizes.Select(s => (int)rival.Select(r => r.GetValueOrDefault(s, cells[s]))
                    .Append(cells[s]).Min())],
            });
        }
        // A group size that only the other engine was measured at.
        foreach (var ((ranks, graph), cells) in other.OrderBy(c => c.Key))
        {
            if (graph && !own.Keys.Any(k => k.Ranks == ranks))
            {
                var sizes = cells.Keys.Where(s => s <= LargestBytes && s >= 1024).Order().ToArray();
                curves.Add(new AllReduceCurve
                {
                    Ranks = ranks, Graph = true, Bytes = sizes, Ns = [.. sizes.Select(s => (int)cells[s])],
                });
            }
        }
        return [.. curves];
    }

    static Dictionary<(int Ranks, bool Graph), Dictionary<int, double>> Read(
        Card card, string engine, string kernels)
    {
        var curves = new Dictionary<(int, bool), Dictionary<int, double>>();
        if (!card.Tables(kernels, engine).TryGetValue("custom_allreduce_perf", out var path))
        {
            return curves;
        }
        var table = KernelTable.Read(path);
        for (var row = 0; row < table.Count; row++)
        {
            var key = (table.Int(row, "num_gpus"), table.Text(row, "backend") != "vllm_eager");
            if (!curves.TryGetValue(key, out var cells))
            {
                curves[key] = cells = [];
            }
            cells[table.Int(row, "message_size")] = table.Ns(row);
        }
        return curves;
    }
}
