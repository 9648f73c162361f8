using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;

namespace Plimsoll.Distiller;

/// <summary>Matrix products: a coarse grid of ratios, freed of lone outliers.</summary>
static class GemmDistiller
{
    /// <summary>Rows at which every curve has a knot, where measured.</summary>
    public static IReadOnlyList<int> Tokens => MKnots;

    static readonly int[] MKnots =
        [1, 4, 8, 16, 32, 64, 128, 192, 256, 512, 768, 1024, 1536, 2048, 4096, 8192, 16384, 32768];

    static readonly int[] NkKnots =
        [128, 256, 512, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 12288, 16384, 51200, 65536];

    const int NarrowWidth = 512;

    static readonly (string Name, NumberFormat Format, bool Block)[] Formats =
    [
        ("bfloat16", NumberFormat.Bf16, false),
        ("fp8", NumberFormat.Fp8, false),
        ("fp8_block", NumberFormat.Fp8, true),
        ("nvfp4", NumberFormat.Fp4, false),
        ("sq", NumberFormat.Int8, false),
        ("int4_wo", NumberFormat.Int4, false),
    ];

    /// <param name="tables">The products of each format.</param>
    /// <param name="peak">The roofline.</param>
    /// <param name="fusesQuantising">Whether quantising is timed but not run as a kernel of its own.</param>
    public static GemmCurve[] Distill(
        Func<string, KernelTable> tables, RooflineSpec peak, bool fusesQuantising)
    {
        var curves = new List<GemmCurve>();
        foreach (var (name, format, block) in Formats)
        {
            var ratios = Ratios(tables(name), name, format, peak, fusesQuantising);
            if (ratios.Count > 0)
            {
                curves.Add(Curve(ratios, format, block));
            }
        }
        return [.. curves];
    }

    /// <summary>Errors of the curves on rows that are no knots, with n and k of at least 512.</summary>
    public static Residuals Check(
        Func<string, KernelTable> tables, RooflineSpec peak, GemmCurve[] curves, bool fusesQuantising)
    {
        var residuals = new Residuals();
        foreach (var (name, format, block) in Formats)
        {
            var table = tables(name);
            var curve = curves.FirstOrDefault(c => c.Weights == format && c.BlockScaled == block);
            if (curve is null)
            {
                continue;
            }
            var quantising = fusesQuantising ? Quantising(table, name) : [];
            for (var row = 0; row < table.Count; row++)
            {
                var (m, n, k) = (table.Int(row, "m"), table.Int(row, "n"), table.Int(row, "k"));
                if (table.Text(row, "gemm_dtype") == name && n >= 512 && k >= 512
                    && !(NkKnots.Contains(n) && NkKnots.Contains(k) && MKnots.Contains(m))
                    && table.Ns(row) > 2 * quantising.GetValueOrDefault((m, k)))
                {
                    residuals.Add(
                        curve.Ns(peak, m, n, k), table.Ns(row) - quantising.GetValueOrDefault((m, k)));
                }
            }
        }
        return residuals;
    }

    static Dictionary<(int M, int N, int K), double> Ratios(
        KernelTable table, string name, NumberFormat format, RooflineSpec peak, bool fusesQuantising)
    {
        var quantising = fusesQuantising ? Quantising(table, name) : [];
        var ratios = new Dictionary<(int, int, int), double>();
        for (var row = 0; row < table.Count; row++)
        {
            if (table.Text(row, "gemm_dtype") != name)
            {
                continue;
            }
            var key = (table.Int(row, "m"), table.Int(row, "n"), table.Int(row, "k"));
            // Subtracting must not carry a product below start-up and roofline.
            var least = GemmCurve.LaunchNs + peak.GemmFloorNs(key.Item1, key.Item2, key.Item3, format);
            var ns = quantising.TryGetValue((key.Item1, key.Item3), out var apart)
                ? Math.Max(Math.Min(least, table.Ns(row)), table.Ns(row) - apart)
                : table.Ns(row);
            var ratio = ns / GemmCurve.ReferenceNs(peak, key.Item1, key.Item2, key.Item3, format);
            // Some tables hold a shape twice, once per kernel: the engine would take the faster.
            ratios[key] = ratios.TryGetValue(key, out var other) ? Math.Min(other, ratio) : ratio;
        }
        return ratios;
    }

    /// <summary>
    /// What quantising the activations adds at m rows of k elements: a narrow product in this format less the
    /// same one in BF16. The tables time it as kernels of its own; TensorRT-LLM's engine folds it into the
    /// norm, the activation or the attention before.
    /// </summary>
    static Dictionary<(int M, int K), double> Quantising(KernelTable table, string name)
    {
        var excess = new Dictionary<(int, int), double>();
        if (name != "fp8")
        {
            return excess;
        }
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

    static GemmCurve Curve(Dictionary<(int M, int N, int K), double> ratios, NumberFormat format, bool block)
    {
        var ms = ratios.Keys.Select(key => key.M).Distinct().Order().ToArray();
        var ns = ratios.Keys.Select(key => key.N).Distinct().Order().ToArray();
        var ks = ratios.Keys.Select(key => key.K).Distinct().Order().ToArray();
        var m = MKnots.Where(ms.Contains).ToArray();
        var n = NkKnots.Where(ns.Contains).ToArray();
        var k = NkKnots.Where(ks.Contains).ToArray();
        var values = new int[m.Length * n.Length * k.Length];
        var at = 0;
        foreach (var mi in m)
        {
            foreach (var ni in n)
            {
                foreach (var ki in k)
                {
                    values[at++] = (int)Math.Round(1000 * Robust(ratios, ms, ns, ks, mi, ni, ki));
                }
            }
        }
        return new GemmCurve
        {
            Weights = format,
            BlockScaled = block,
            M = m,
            N = n,
            K = k,
            RatioMille = values,
        };
    }

    /// <summary>
    /// The ratio at a knot; a value more than 15 % from the median of its measured neighbours in m, n and k
    /// is taken for noise and replaced by that median. A missing one becomes the median too.
    /// </summary>
    static double Robust(
        Dictionary<(int M, int N, int K), double> ratios, int[] ms, int[] ns, int[] ks, int m, int n, int k)
    {
        var near = new List<double>();
        foreach (var reach in (int[])[1, 2, 4, 8])
        {
            foreach (var mi in Around(ms, m, reach))
            {
                foreach (var ni in Around(ns, n, reach))
                {
                    foreach (var ki in Around(ks, k, reach))
                    {
                        if (ratios.TryGetValue((mi, ni, ki), out var ratio))
                        {
                            near.Add(ratio);
                        }
                    }
                }
            }
            if (near.Count >= 6)
            {
                break;
            }
        }
        var median = near.Order().ElementAt(near.Count / 2);
        var trusted = ratios.TryGetValue((m, n, k), out var own) && Math.Abs((own / median) - 1) < 0.15;
        return trusted ? own : median;
    }

    static IEnumerable<int> Around(int[] sorted, int value, int reach)
    {
        var at = Array.IndexOf(sorted, value);
        for (var i = Math.Max(0, at - reach); i <= Math.Min(sorted.Length - 1, at + reach); i++)
        {
            yield return sorted[i];
        }
    }
}
