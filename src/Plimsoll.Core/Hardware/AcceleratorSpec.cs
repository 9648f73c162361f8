using Plimsoll.Core.Models;


namespace Plimsoll.Core.Hardware;

/// <summary>An accelerator's datasheet: peak rates without sparsity.</summary>
public sealed record AcceleratorSpec
{
    public required string Name { get; init; }

    /// <summary>Short key used on the command line and in step-time files: <c>h100_sxm</c>.</summary>
    public required string Key { get; init; }

    public required string Vendor { get; init; }

    public required double Bf16Tflops { get; init; }

    /// <summary>Null where the hardware has no such units: work then runs at the BF16 rate.</summary>
    public double? Fp8Tflops { get; init; }

    public double? Fp4Tflops { get; init; }

    public double? Int8Tops { get; init; }

    /// <summary>Memory, gigabytes (10⁹ bytes) as sold.</summary>
    public required double MemoryGb { get; init; }

    /// <summary>
    /// Memory that the driver gives a process, GiB, as engines log it; null where no log is known.
    /// </summary>
    public double? DeviceGib { get; init; }

    /// <summary>Memory bandwidth, 10⁹ bytes per second.</summary>
    public required double MemoryGbPerSecond { get; init; }

    /// <summary>Bandwidth to peers in the scale-up domain, one direction, 10⁹ bytes per second.</summary>
    public required double ScaleUpGbPerSecond { get; init; }

    /// <summary>Accelerators in one scale-up domain.</summary>
    public required int ScaleUpWorld { get; init; }

    public double? TdpWatts { get; init; }

    public required string Launch { get; init; }

    public required string Source { get; init; }

    /// <summary>
    /// Peak FLOP/s of matrix work whose weights have this format, activations quantised alike.
    /// </summary>
    public double PeakFlops(NumberFormat weights) => 1e12 * (weights switch
    {
        NumberFormat.Fp8 => Fp8Tflops ?? Bf16Tflops,
        NumberFormat.Fp4 => Fp4Tflops ?? Fp8Tflops ?? Bf16Tflops,
        NumberFormat.Int8 => Int8Tops ?? Bf16Tflops,
        _ => Bf16Tflops,
    });
}
