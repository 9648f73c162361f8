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
        EfficiencyCurves curves, NumberFormat kv, int headDim, int kvHeads, double group,
        List<string> notes) => Nearest(
            curves, curves.DecodeAttention,
            c => c.Distance(headDim, kvHeads, group) + (c.Kv == kv ? 0 : 4), Far,
            _ => $"decode attention: head size {headDim}, {kvHeads} KV heads, {kv.Name()} KV not measured",
            notes);

    public static PrefillAttentionCurve Prefill(
        EfficiencyCurves curves, NumberFormat kv, int headDim, int heads, int kvHeads,
        List<string> notes) => Nearest(
            curves, curves.PrefillAttention,
            c => c.Distance(headDim, heads, kvHeads) + (c.Kv == kv ? 0 : 4), Far,
            _ => $"prefill attention: head size {headDim}, {heads} heads, {kv.Name()} KV not measured",
            notes);

    public static MoeCurve Moe(EfficiencyCurves curves, MoeShape shape, List<string> notes) => Nearest(
        curves, curves.Moe,
        c => c.Distance(shape) + (c.Weights == shape.Weights ? 0 : 6), Far,
        _ => $"experts: {shape.Experts} × {shape.Intermediate}, {shape.Weights.Name()}, not measured",
        notes);

    /// <summary>Half a doubling of ranks is far.</summary>
    public static AllReduceCurve AllReduce(EfficiencyCurves curves, int ranks, List<string> notes) => Nearest(
        curves, curves.AllReduce,
        c => Math.Abs(Math.Log2((double)ranks / c.Ranks)), 0.5,
        best => $"all-reduce over {ranks} ranks: not measured, {best.Ranks} ranks scaled",
        notes);

    public static void Note(List<string> notes, string text)
    {
        if (!notes.Contains(text))
            notes.Add(text);
    }

    /// <summary>The first of the nearest curves; one beyond <paramref name="far"/> is noted.</summary>
    static TCurve Nearest<TCurve>(
        EfficiencyCurves curves, IReadOnlyList<TCurve> measured, Func<TCurve, double> distanceOf, double far,
        Func<TCurve, string> noteOf, List<string> notes)
    {
        var best = 0;
        var nearest = double.PositiveInfinity;
        for (var i = 0; i < measured.Count; i++)
        {
            var distance = distanceOf(measured[i]);
            if (distance < nearest)
                (best, nearest) = (i, distance);
        }
        if (nearest > far && curves.Tier != Tier.Datasheet)
            Note(notes, noteOf(measured[best]));
        return measured[best];
    }
}
