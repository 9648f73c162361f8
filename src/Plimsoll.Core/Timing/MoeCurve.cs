using System;
using Plimsoll.Core.Models;

namespace Plimsoll.Core.Timing;

/// <summary>
/// A fused mixture-of-experts layer as one accelerator sees it: measured time over launch plus touched
/// bytes plus FLOPs, on knots of tokens. Skewed routing is part of the measurement.
/// </summary>
public sealed record MoeCurve
{
    public const double LaunchNs = 20_000;

    public required NumberFormat Weights { get; init; }

    public required int Hidden { get; init; }

    /// <summary>Width of the expert slice on one accelerator.</summary>
    public required int Intermediate { get; init; }

    public required int TopK { get; init; }

    /// <summary>Experts of the layer, all ranks.</summary>
    public required int Experts { get; init; }

    /// <summary>Accelerators that the experts are dealt out over.</summary>
    public required int ExpertRanks { get; init; }

    /// <summary>Tokens entering the layer, all ranks together.</summary>
    public required int[] Tokens { get; init; }

    public required int[] RatioMille { get; init; }

    public double Ratio(double tokens)
    {
        var (i, share) = Knots.Locate(Tokens, tokens);
        var next = share > 0 ? RatioMille[i + 1] : RatioMille[i];
        return (RatioMille[i] + (share * (next - RatioMille[i]))) / 1000;
    }

    /// <summary>
    /// Launch + weights of the experts touched + FLOPs, one accelerator. Of E experts, T tokens of k
    /// choices touch E·(1 − (1 − k/E)^T) on average.
    /// </summary>
    public static double ReferenceNs(RooflineSpec peak, MoeShape shape, double tokens)
    {
        var (bytes, flops) = Work(shape, tokens);
        return LaunchNs + (bytes / peak.BytesPerNs) + (flops / peak.FlopsPerNs(shape.Compute));
    }

    /// <summary>Expert bytes read and FLOPs done by one accelerator under even routing.</summary>
    public static (double Bytes, double Flops) Work(MoeShape shape, double tokens)
    {
        var matrices = shape.Gated ? 3.0 : 2.0;
        var expert = matrices * shape.Hidden * shape.Intermediate;
        var touched = shape.Experts
            * (1 - Math.Pow(1 - ((double)shape.TopK / shape.Experts), tokens));
        var bytes = touched / shape.ExpertRanks * expert * shape.Weights.BytesPerElement();
        var flops = 2 * expert * tokens * shape.TopK / shape.ExpertRanks;
        return (bytes, flops);
    }

    /// <summary>Logarithmic distance between this layer and the one asked for.</summary>
    public double Distance(in MoeShape shape) =>
        Math.Abs(Math.Log2((double)shape.Hidden / Hidden))
        + Math.Abs(Math.Log2((double)shape.Intermediate / Intermediate))
        + Math.Abs(Math.Log2((double)shape.TopK / TopK))
        + Math.Abs(Math.Log2((double)shape.Experts / Experts))
        + Math.Abs(Math.Log2((double)shape.ExpertRanks / ExpertRanks));
}

/// <summary>A routed layer as one accelerator holds it.</summary>
public readonly record struct MoeShape(
    int Hidden, int Intermediate, int TopK, int Experts, int ExpertRanks, bool Gated, NumberFormat Weights)
{
    /// <summary>4-bit integer weights are multiplied in BF16 after unpacking.</summary>
    public NumberFormat Compute => Weights == NumberFormat.Int4 ? NumberFormat.Bf16 : Weights;
}
