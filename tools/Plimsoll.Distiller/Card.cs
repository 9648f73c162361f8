using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Core.Timing;

namespace Plimsoll.Distiller;

/// <summary>
/// A measured card: its peaks for the roofline and what is known of its caches and kernels.
/// </summary>
/// <param name="Key">Accelerator key and prefix of its kernel tables.</param>
/// <param name="CacheMegabytes">Last-level cache, vendor's architecture papers.</param>
/// <param name="FlashAttention2">Whether vLLM's default attention is FlashAttention-2 on this card.</param>
/// <param name="VllmPrefillOf">Card whose vLLM prefill-attention table stands in: H200 has H100's compute
/// die, and its own table times grouped heads as if only the KV heads were computed.</param>
/// <param name="Predecessor">Card that this one is no slower than in any figure of its datasheet.</param>
sealed record Card(
    string Key, RooflineSpec Peak, double CacheMegabytes, bool FlashAttention2, string? VllmPrefillOf = null,
    string? Predecessor = null)
{
    /// <summary>Whether an NVLink switch joins its accelerators; the others talk over PCIe.</summary>
    public bool NvLink =>
        Key is "a100_sxm" or "h100_sxm" or "h200_sxm" or "b200_sxm" or "b300_sxm" or "gb200" or "gb300";

    /// <summary>Peaks are NVIDIA's and Intel's datasheets, dense.</summary>
    public static IReadOnlyList<Card> All { get; } =
    [
        new("a100_sxm", Peaks(312, 312, 312, 624, 2039), 40, true),
        new("h100_sxm", Peaks(989, 1979, 1979, 1979, 3350), 50, false),
        new("h200_sxm", Peaks(989, 1979, 1979, 1979, 4800), 50, false, "h100_sxm"),
        new("b200_sxm", Peaks(2250, 4500, 9000, 4500, 8000), 126, false),
        new("b300_sxm", Peaks(2250, 4500, 13500, 154, 8000), 126, false, Predecessor: "b200_sxm"),
        new("gb200", Peaks(2500, 5000, 10000, 5000, 8000), 126, false),
        new("gb300", Peaks(2500, 5000, 15000, 165, 8000), 126, false, Predecessor: "gb200"),
        new("l40s", Peaks(362, 733, 733, 733, 864), 96, true),
        new("rtx_pro_6000_server", Peaks(467.8, 935.6, 1871.2, 935.6, 1792), 128, true),
        new("rtx_4090", Peaks(165.2, 330.3, 330.3, 660.6, 1008), 72, true),
        new("b60", Peaks(98.5, 98.5, 98.5, 197, 456), 18, false),
    ];

    /// <summary>The card's tables of one engine: file names by operation.</summary>
    public Dictionary<string, string> Tables(string folder, string engine) =>
        Directory.GetFiles(folder, $"{Key}__{engine}_*.csv.gz")
            .Order(StringComparer.Ordinal)
            .ToDictionary(
                path => Path.GetFileName(path).Split("__")[2].Replace(
                    ".csv.gz", "", StringComparison.Ordinal),
                path => path);

    static RooflineSpec Peaks(double bf16, double fp8, double fp4, double int8, double memory) => new()
    {
        Bf16Tflops = bf16,
        Fp8Tflops = fp8,
        Fp4Tflops = fp4,
        Int8Tops = int8,
        MemoryGbPerSecond = memory,
    };
}
