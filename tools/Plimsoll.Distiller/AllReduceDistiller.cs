using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Timing;

namespace Plimsoll.Distiller;

/// <summary>
/// All-reduce by message size. The tables count a message in elements of BF16: read as bytes, eight H100
/// would reach half the bus bandwidth that their links are known for. Where an NVLink switch joins the
/// accelerators vLLM takes TensorRT-LLM's kernels, through FlashInfer, wherever they are faster; over PCIe
/// each engine keeps its own.
/// </summary>
static class AllReduceDistiller
{
    const int LargestBytes = 536_870_912;
    const int LeastBytes = 1024;
    const int BytesPerElement = 2;

    public static AllReduceCurve[] Distill(Card card, string engine, string kernels)
    {
        var own = Read(card, engine, kernels);
        var other = Read(card, engine == "vllm" ? "trtllm" : "vllm", kernels);
        if (card.NvLink && engine == "vllm")
        {
            foreach (var (ranks, cells) in own)
            {
                var rival = other.GetValueOrDefault(ranks, cells);
                foreach (var bytes in cells.Keys.ToArray())
                {
                    cells[bytes] = Math.Min(cells[bytes], rival.GetValueOrDefault(bytes, cells[bytes]));
                }
            }
        }
        // A group size that only the other engine was measured at stands in.
        var missing = other.Where(c => !own.ContainsKey(c.Key));
        return
        [
            .. own.OrderBy(c => c.Key).Select(c => Curve(c.Key, c.Value)),
            .. missing.OrderBy(c => c.Key).Select(c => Curve(c.Key, c.Value)),
        ];
    }

    static AllReduceCurve Curve(int ranks, Dictionary<int, double> cells)
    {
        var sizes = cells.Keys.Where(s => s is >= LeastBytes and <= LargestBytes).Order().ToArray();
        return new AllReduceCurve
        {
            Ranks = ranks, Bytes = sizes, Ns = [.. sizes.Select(s => (int)cells[s])],
        };
    }

    static Dictionary<int, Dictionary<int, double>> Read(Card card, string engine, string kernels)
    {
        var curves = new Dictionary<int, Dictionary<int, double>>();
        if (!card.Tables(kernels, engine).TryGetValue("custom_allreduce_perf", out var path))
        {
            return curves;
        }
        var table = KernelTable.Read(path);
        for (var row = 0; row < table.Count; row++)
        {
            if (table.Text(row, "backend") == "vllm_eager")
            {
                continue;
            }
            var ranks = table.Int(row, "num_gpus");
            if (!curves.TryGetValue(ranks, out var cells))
            {
                curves[ranks] = cells = [];
            }
            var bytes = BytesPerElement * (long)table.Int(row, "message_size");
            if (bytes <= LargestBytes)
            {
                cells[(int)bytes] = table.Ns(row);
            }
        }
        return curves;
    }
}
