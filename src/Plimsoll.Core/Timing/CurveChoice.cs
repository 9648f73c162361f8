using System;
using System.Collections.Generic;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;

namespace Plimsoll.Core.Timing;

/// <summary>Which measured curve stands for a model's kernel, and a note when none really does.</summary>
static class CurveChoice
{
    /// <summary>Distance beyond which the nearest measured shape counts as another one.</summary>
    const double Far = 1.01;

    /// <summary>
    /// FP8 checkpoints with a scale per block of weights run block-scaled kernels: models that are published
    /// in FP8, and the FP8 copies of some families.
    /// </summary>
    public static bool IsBlockScaled(Deployment deployment) => deployment.Weights == NumberFormat.Fp8
        && (deployment.Model.NativeWeights == NumberFormat.Fp8 || deployment.Model.BlockScaledFp8);

    public static GemmCurve Gemm(
        EfficiencyCurves curves, NumberFormat weights, bool blockScaled, List<string> notes)
    {
        GemmCurve? same = null;
        GemmCurve? bf16 = null;
        foreach (var curve in curves.Gemm)
        {
            if (curve.Weights == weights && (same is null || curve.BlockScaled == blockScaled))
                same = curve;
            if (curve.Weights == NumberFormat.Bf16)
                bf16 = curve;
        }
        if (same is null)
            Note(notes, $"{weights.Name()} matrix products: not measured, BF16 efficiency assumed");
        return same ?? bf16 ?? curves.Gemm[0];
    }

    public static DecodeAttentionCurve Decode(
        EfficiencyCurves curves, NumberFormat kv, int headDim, int kvHeads, double group, List<string> notes)
    {
        var (best, distance) = Nearest(
            curves.DecodeAttention, c => c.Distance(headDim, kvHeads, group) + (c.Kv == kv ? 0 : 4));
        if (distance > Far && curves.Tier != Tier.Datasheet)
        {
            Note(
                notes,
                $"decode attention: head size {headDim}, {kvHeads} KV heads, {kv.Name()} KV not measured");
        }
        return best;
    }

    public static PrefillAttentionCurve Prefill(
        EfficiencyCurves curves, NumberFormat kv, int headDim, int heads, int kvHeads, List<string> notes)
    {
        var (best, distance) = Nearest(
            curves.PrefillAttention, c => c.Distance(headDim, heads, kvHeads) + (c.Kv == kv ? 0 : 4));
        if (distance > Far && curves.Tier != Tier.Datasheet)
        {
            Note(
                notes,
                $"prefill attention: head size {headDim}, {heads} heads, {kv.Name()} KV not measured");
        }
        return best;
    }

    public static MoeCurve Moe(EfficiencyCurves curves, MoeShape shape, List<string> notes)
    {
        var (best, distance) = Nearest(
            curves.Moe, c => c.Distance(shape) + (c.Weights == shape.Weights ? 0 : 6));
        if (distance > Far && curves.Tier != Tier.Datasheet)
        {
            Note(
                notes,
                $"experts: {shape.Experts} × {shape.Intermediate}, {shape.Weights.Name()}, not measured");
        }
        return best;
    }

    public static AllReduceCurve AllReduce(EfficiencyCurves curves, int ranks, List<string> notes)
    {
        var (best, octaves) = Nearest(
            curves.AllReduce, c => Math.Abs(Math.Log2((double)ranks / c.Ranks)));
        if (octaves > 0.5 && curves.Tier != Tier.Datasheet)
            Note(notes, $"all-reduce over {ranks} ranks: not measured, {best.Ranks} ranks scaled");
        return best;
    }

    public static void Note(List<string> notes, string text)
    {
        if (!notes.Contains(text))
            notes.Add(text);
    }

    /// <summary>The first of the nearest curves.</summary>
    static (TCurve Best, double Distance) Nearest<TCurve>(
        IReadOnlyList<TCurve> curves, Func<TCurve, double> distanceOf)
    {
        var best = 0;
        var nearest = double.PositiveInfinity;
        for (var i = 0; i < curves.Count; i++)
        {
            var distance = distanceOf(curves[i]);
            if (distance < nearest)
                (best, nearest) = (i, distance);
        }
        return (curves[best], nearest);
    }
}
