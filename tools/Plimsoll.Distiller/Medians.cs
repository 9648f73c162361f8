using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;

namespace Plimsoll.Distiller;

/// <summary>Typical efficiencies over all distilled cards: what the datasheet tier assumes.</summary>
static class Medians
{
    public static void Print(List<EfficiencyCurves> all, TextWriter log)
    {
        foreach (var m in (int[])[1, 16, 64, 128, 256, 512, 1024, 4096, 16384])
        {
            var ratios =
                from curves in all
                from curve in curves.Gemm
                where curve.Weights is NumberFormat.Bf16 or NumberFormat.Fp8
                from n in (int[])[4096, 6144, 8192]
                from k in (int[])[4096, 6144, 8192]
                select curve.Ns(curves.Peak, m, n, k) / GemmCurve.ReferenceNs(
                    curves.Peak, m, n, k, curve.Weights);
            log.WriteLine(Line($"gemm m={m}", ratios));
        }
        log.WriteLine(Line("decode attention, 64 × 2048", all.SelectMany(c => c.DecodeAttention)
            .Where(c => c.HeadDim == 128 && c.Kv == NumberFormat.Bf16).Select(c => c.Ratio(64, 2048))));
        log.WriteLine(Line("prefill attention, share of peak", all.SelectMany(c => c.PrefillAttention
            .Where(p => p.HeadDim == 128 && p.Kv == NumberFormat.Bf16 && p.Heads >= 8)
            .Select(p => 4 * 128 / p.NsPerPair / c.Peak.FlopsPerNs(NumberFormat.Bf16)))));
        log.WriteLine(Line("prefill attention, pairs per token", all.SelectMany(c => c.PrefillAttention)
            .Where(p => p.HeadDim == 128 && p.Kv == NumberFormat.Bf16 && p.Heads >= 8)
            .Select(p => p.NsPerToken / p.NsPerPair)));
        log.WriteLine(Line("prefill attention, launch", all.SelectMany(c => c.PrefillAttention)
            .Where(p => p.HeadDim == 128).Select(p => p.LaunchNs)));
        log.WriteLine(Line("prefill attention, path per token", all.SelectMany(c => c.PrefillAttention)
            .Where(p => p.HeadDim == 128 && p.Heads <= 16).Select(p => p.NsPerContext)));
        foreach (var tokens in (int[])[1, 64, 1024, 16384])
        {
            log.WriteLine(Line(
                $"experts, {tokens} tokens",
                all.SelectMany(c => c.Moe).Select(c => c.Ratio(tokens))));
        }
    }

    static string Line(string name, IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        double At(double q) => sorted[(int)(q * (sorted.Count - 1))];
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-36} p10 {At(0.1):F3}  median {At(0.5):F3}  p90 {At(0.9):F3}");
    }
}
