using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;

namespace Plimsoll.Distiller;

/// <summary>Products of one number format, nanoseconds by rows, width and depth.</summary>
sealed class ProductTimes
{
    const int NarrowWidth = 512;

    /// <summary>Formats by the names of the tables.</summary>
    public static IReadOnlyList<(string Name, NumberFormat Format, bool Block)> Formats { get; } =
    [
        ("bfloat16", NumberFormat.Bf16, false),
        ("fp8", NumberFormat.Fp8, false),
        ("fp8_block", NumberFormat.Fp8, true),
        ("nvfp4", NumberFormat.Fp4, false),
        ("sq", NumberFormat.Int8, false),
        ("int4_wo", NumberFormat.Int4, false),
    ];

    public required NumberFormat Format { get; init; }

    public required bool Block { get; init; }

    public Dictionary<(int M, int N, int K), double> Ns { get; } = [];

    /// <summary>What is mostly quantising, so that little is left of it to compare with.</summary>
    public HashSet<(int M, int N, int K)> Doubtful { get; } = [];

    /// <param name="table">Where they are taken from.</param>
    /// <param name="name">The format as the table names it.</param>
    /// <param name="peak">The roofline.</param>
    /// <param name="fusesQuantising">Whether quantising is timed but not run as a kernel of its own.</param>
    public static ProductTimes Read(KernelTable table, string name, RooflineSpec peak, bool fusesQuantising)
    {
        var (_, format, block) = Formats.Single(f => f.Name == name);
        var times = new ProductTimes { Format = format, Block = block };
        var quantising = fusesQuantising && name == "fp8" ? Quantising(table, name) : [];
        for (var row = 0; row < table.Count; row++)
        {
            if (table.Text(row, "gemm_dtype") != name)
            {
                continue;
            }
            var key = (M: table.Int(row, "m"), N: table.Int(row, "n"), K: table.Int(row, "k"));
            var (measured, apart) = (table.Ns(row), quantising.GetValueOrDefault((key.M, key.K)));
            // Subtracting must not carry a product below start-up and roofline.
            var least = GemmCurve.LaunchNs + peak.GemmFloorNs(key.M, key.N, key.K, format);
            var ns = Math.Max(Math.Min(least, measured), measured - apart);
            // Some tables hold a shape twice, once per kernel: the engine would take the faster.
            times.Ns[key] = Math.Min(ns, times.Ns.GetValueOrDefault(key, ns));
            if (measured <= 2 * apart)
            {
                times.Doubtful.Add(key);
            }
        }
        return times;
    }

    /// <summary>
    /// What quantising the activations adds at m rows of k elements: a narrow product in this format less the
    /// same one in BF16. The tables time it as kernels of its own; TensorRT-LLM's engine folds it into the
    /// norm, the activation or the attention before.
    /// </summary>
    static Dictionary<(int M, int K), double> Quantising(KernelTable table, string name)
    {
        var excess = new Dictionary<(int, int), double>();
        var narrow = new Dictionary<(string, int, int), double>();
        for (var row = 0; row < table.Count; row++)
        {
            if (table.Int(row, "n") == NarrowWidth)
            {
                narrow[(table.Text(row, "gemm_dtype"), table.Int(row, "m"), table.Int(row, "k"))] =
                    table.Ns(row);
            }
        }
        foreach (var ((format, m, k), ns) in narrow)
        {
            if (format == name && narrow.TryGetValue(("bfloat16", m, k), out var plain))
            {
                excess[(m, k)] = Math.Max(0, ns - plain);
            }
        }
        return excess;
    }
}
