using System;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;

namespace Plimsoll.Core.Timing;

/// <summary>
/// The peak rates that measured kernels are compared with. A step-time file carries its own, so that its
/// ratios keep their meaning when a datasheet row is corrected.
/// </summary>
public sealed record RooflineSpec
{
    public required double Bf16Tflops { get; init; }

    public required double Fp8Tflops { get; init; }

    public required double Fp4Tflops { get; init; }

    public required double Int8Tops { get; init; }

    /// <summary>10⁹ bytes per second.</summary>
    public required double MemoryGbPerSecond { get; init; }

    public static RooflineSpec Of(AcceleratorSpec accelerator) => new()
    {
        Bf16Tflops = accelerator.PeakFlops(NumberFormat.Bf16) / 1e12,
        Fp8Tflops = accelerator.PeakFlops(NumberFormat.Fp8) / 1e12,
        Fp4Tflops = accelerator.PeakFlops(NumberFormat.Fp4) / 1e12,
        Int8Tops = accelerator.PeakFlops(NumberFormat.Int8) / 1e12,
        MemoryGbPerSecond = accelerator.MemoryGbPerSecond,
    };

    public double FlopsPerNs(NumberFormat weights) => 1e3 * (weights switch
    {
        NumberFormat.Fp8 => Fp8Tflops,
        NumberFormat.Fp4 => Fp4Tflops,
        NumberFormat.Int8 => Int8Tops,
        _ => Bf16Tflops,
    });

    public double BytesPerNs => MemoryGbPerSecond;

    /// <summary>The larger of memory and compute time of an m × k by k × n product, nanoseconds.</summary>
    public double GemmFloorNs(double m, double n, double k, NumberFormat weights) =>
        Math.Max(n * k * weights.BytesPerElement() / BytesPerNs, 2 * m * n * k / FlopsPerNs(weights));
}
