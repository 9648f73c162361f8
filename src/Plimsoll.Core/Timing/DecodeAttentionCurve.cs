using System;
using Plimsoll.Core.Models;

namespace Plimsoll.Core.Timing;

/// <summary>
/// Attention of sequences that decode one token, one layer on one accelerator: measured time over
/// launch plus KV bytes at peak bandwidth, on a grid of batch and context.
/// </summary>
public sealed record DecodeAttentionCurve
{
    public const double LaunchNs = 6_000;

    /// <summary>Elements of one head.</summary>
    public required int HeadDim { get; init; }

    public required NumberFormat Kv { get; init; }

    /// <summary>KV heads on one accelerator.</summary>
    public required int KvHeads { get; init; }

    /// <summary>Query heads per KV head.</summary>
    public required int Group { get; init; }

    public required int[] Batch { get; init; }

    /// <summary>KV length, tokens.</summary>
    public required int[] Context { get; init; }

    /// <summary>Time over reference in thousandths, batch outermost.</summary>
    public required int[] RatioMille { get; init; }

    public static double KvBytes(double batch, double context, double kvElements, NumberFormat kv) =>
        batch * context * kvElements * kv.BytesPerElement();

    public static double ReferenceNs(RooflineSpec peak, double kvBytes) =>
        LaunchNs + kvBytes / peak.BytesPerNs;

    public double Ratio(double batch, double context)
    {
        var (bi, bf) = Knots.Locate(Batch, batch);
        var (ci, cf) = Knots.Locate(Context, context);
        var low = At(bi, ci, cf);
        return (bf > 0 ? low + (bf * (At(bi + 1, ci, cf) - low)) : low) / 1000;
    }

    double At(int batchIndex, int contextIndex, double share)
    {
        var at = (batchIndex * Context.Length) + contextIndex;
        return share > 0 ? RatioMille[at] + (share * (RatioMille[at + 1] - RatioMille[at])) : RatioMille[at];
    }

    /// <summary>
    /// Logarithmic distance to the attention asked for; 0 for the very one measured. Engines take another
    /// path when every query head has its own KV head, so the two kinds stand further apart.
    /// </summary>
    public double Distance(int headDim, int kvHeads, double group) =>
        (2 * Math.Abs(Math.Log2((double)headDim / HeadDim)))
        + Math.Abs(Math.Log2((double)kvHeads / KvHeads))
        + Math.Abs(Math.Log2(group / Group))
        + (group > 1 == Group > 1 ? 0 : 1);
}
