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
            {
                same = curve;
            }
            if (curve.Weights == NumberFormat.Bf16)
            {
                bf16 = curve;
            }
        }
        if (same is null)
        {
            Note(notes, $"{weights.Name()} matrix products: not measured, BF16 efficiency assumed");
        }
        return same ?? bf16 ?? curves.Gemm[0];
    }

    public static DecodeAttentionCurve Decode(
        EfficiencyCurves curves, NumberFormat kv, int headDim, int kvHeads, double group, List<string> notes)
    {
        DecodeAttentionCurve? best = null;
        var nearest = double.PositiveInfinity;
        foreach (var curve in curves.DecodeAttention)
        {
            var distance = curve.Distance(headDim, kvHeads, group) + (curve.Kv == kv ? 0 : 4);
            if (distance < nearest)
            {
                best = curve;
                nearest = distance;
            }
        }
        if (nearest > Far && curves.Tier != Tier.Datasheet)
        {
            Note(
                notes,
                $"decode attention: head size {headDim}, {kvHeads} KV heads, {kv.Name()} KV not measured");
        }
        return best!;
    }

    public static PrefillAttentionCurve Prefill(
        EfficiencyCurves curves, NumberFormat kv, int headDim, int heads, int kvHeads, List<string> notes)
    {
        PrefillAttentionCurve? best = null;
        var nearest = double.PositiveInfinity;
        foreach (var curve in curves.PrefillAttention)
        {
            var distance = curve.Distance(headDim, heads, kvHeads) + (curve.Kv == kv ? 0 : 4);
            if (distance < nearest)
            {
                best = curve;
                nearest = distance;
            }
        }
        if (nearest > Far && curves.Tier != Tier.Datasheet)
        {
            Note(
                notes,
                $"prefill attention: head size {headDim}, {heads} heads, {kv.Name()} KV not measured");
        }
        return best!;
    }

    public static MoeCurve Moe(EfficiencyCurves curves, in MoeShape shape, List<string> notes)
    {
        MoeCurve? best = null;
        var nearest = double.PositiveInfinity;
        foreach (var curve in curves.Moe)
        {
            var distance = curve.Distance(shape) + (curve.Weights == shape.Weights ? 0 : 6);
            if (distance < nearest)
            {
                best = curve;
                nearest = distance;
            }
        }
        if (nearest > Far && curves.Tier != Tier.Datasheet)
        {
            Note(
                notes,
                $"experts: {shape.Experts} × {shape.Intermediate}, {shape.Weights.Name()}, not measured");
        }
        return best!;
    }

    public static AllReduceCurve AllReduce(EfficiencyCurves curves, int ranks, List<string> notes)
    {
        AllReduceCurve? best = null;
        var nearest = double.PositiveInfinity;
        foreach (var curve in curves.AllReduce)
        {
            var distance = Math.Abs(Math.Log2((double)ranks / curve.Ranks));
            if (distance < nearest)
            {
                best = curve;
                nearest = distance;
            }
        }
        if (nearest > 0.5 && curves.Tier != Tier.Datasheet)
        {
            Note(notes, $"all-reduce over {ranks} ranks: not measured, {best!.Ranks} ranks scaled");
        }
        return best!;
    }

    public static void Note(List<string> notes, string text)
    {
        if (!notes.Contains(text))
        {
            notes.Add(text);
        }
    }
}
