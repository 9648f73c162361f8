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

    public static GemmCurve[] Distill(IReadOnlyList<ProductTimes> products, RooflineSpec peak) =>
        [.. products.Select(times => Curve(
            times.Ns.ToDictionary(
                cell => cell.Key, cell => cell.Value / GemmCurve.ReferenceNs(
                    peak, cell.Key.M, cell.Key.N, cell.Key.K, times.Format)),
            times.Format, times.Block))];

    /// <summary>Errors of the curves on rows that are no knots, with n and k of at least 512.</summary>
    public static Residuals Check(
        IReadOnlyList<ProductTimes> products, RooflineSpec peak, GemmCurve[] curves)
    {
        var residuals = new Residuals();
        foreach (var times in products)
        {
            var curve = curves.First(c => c.Weights == times.Format && c.BlockScaled == times.Block);
            foreach (var ((m, n, k), ns) in times.Ns)
            {
                if (n >= 512 && k >= 512 && !times.Doubtful.Contains((m, n, k))
                    && !(NkKnots.Contains(n) && NkKnots.Contains(k) && MKnots.Contains(m)))
                {
                    residuals.Add(curve.Ns(peak, m, n, k), ns);
                }
            }
        }
        return residuals;
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
