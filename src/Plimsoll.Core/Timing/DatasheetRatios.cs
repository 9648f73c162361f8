using System;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;

namespace Plimsoll.Core.Timing;

/// <summary>
/// Generic efficiencies: medians over the measured cards of <c>data/steptime</c>, printed by
/// <c>tools/Plimsoll.Distiller --medians</c>.
/// </summary>
static class DatasheetRatios
{
    public const double CacheMegabytes = 50;

    public static GemmCurve[] Gemm()
    {
        var formats = Enum.GetValues<NumberFormat>();
        var curves = new GemmCurve[formats.Length];
        for (var i = 0; i < formats.Length; i++)
        {
            curves[i] = new GemmCurve
            {
                Weights = formats[i],
                M = [1, 16, 64, 128, 256, 512, 1024, 4096, 16384],
                N = [4096],
                K = [4096],
                RatioMille = [1440, 1380, 1230, 1110, 1150, 1210, 1270, 1340, 1410],
            };
        }
        return curves;
    }

    public static DecodeAttentionCurve Decode() => new()
    {
        HeadDim = 128,
        Kv = NumberFormat.Bf16,
        KvHeads = 4,
        Group = 4,
        Batch = [1],
        Context = [1024],
        RatioMille = [1230],
    };

    public static PrefillAttentionCurve Prefill(RooflineSpec peak) => new()
    {
        HeadDim = 128,
        Kv = NumberFormat.Bf16,
        Heads = 16,
        KvHeads = 4,
        LaunchNs = 11_000,
        NsPerPair = 4.0 * 128 / (0.61 * peak.FlopsPerNs(NumberFormat.Bf16)),
        NsPerToken = 4.0 * 128 * 540 / (0.61 * peak.FlopsPerNs(NumberFormat.Bf16)),
        NsPerContext = 11,
    };

    /// <summary>Ring all-reduce at 70 % of the scale-up bandwidth over a start-up of 8 µs and more.</summary>
    public static AllReduceCurve[] AllReduce(AcceleratorSpec accelerator)
    {
        var curves = new AllReduceCurve[3];
        for (var i = 0; i < curves.Length; i++)
        {
            var ranks = 2 << i;
            var nsPerByte = 2.0 * (ranks - 1) / ranks / (0.7 * accelerator.ScaleUpGbPerSecond);
            curves[i] = new AllReduceCurve
            {
                Ranks = ranks,
                Bytes = [0, 1 << 28],
                Ns = [6_000 + (1_000 * ranks), 6_000 + (1_000 * ranks) + (int)(nsPerByte * (1 << 28))],
            };
        }
        return curves;
    }

    public static MoeCurve[] Moe()
    {
        var formats = Enum.GetValues<NumberFormat>();
        var curves = new MoeCurve[formats.Length];
        for (var i = 0; i < formats.Length; i++)
        {
            curves[i] = new MoeCurve
            {
                Weights = formats[i],
                Hidden = 4096,
                Intermediate = 1024,
                TopK = 8,
                Experts = 128,
                ExpertRanks = 1,
                Tokens = [1, 64, 1024, 16384],
                RatioMille = [1410, 1260, 1750, 4000],
            };
        }
        return curves;
    }
}
