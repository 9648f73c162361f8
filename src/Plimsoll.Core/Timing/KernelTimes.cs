using System;
using System.Collections.Generic;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;

namespace Plimsoll.Core.Timing;

/// <summary>
/// Each term of a step, evaluated directly from the curves: slow and exact. <see cref="StepTimeModel"/>
/// tabulates these once per deployment. Everything is nanoseconds of one accelerator, all layers.
/// </summary>
sealed class KernelTimes : IStepTerms
{
    /// <summary>
    /// Cache bandwidth over memory bandwidth. Norms and activations of small batches run at about three
    /// times DRAM speed on an RTX PRO 6000 (vLLM 0.19 profiles, casys-kaist/LLMServingSim).
    /// </summary>
    const double CacheSpeedup = 3;

    /// <summary>Shortest elementwise kernel in the same profiles: 2.3 to 2.7 µs at one token.</summary>
    const double ElementwiseLaunchNs = 2_300;

    /// <summary>Sampling in the same profiles: 12 to 25 µs plus 2.3 passes over FP32 logits.</summary>
    const double SamplerLaunchNs = 15_000;
    const double SamplerPasses = 2.3;

    readonly Deployment _deployment;
    readonly EfficiencyCurves _curves;
    readonly EngineOverheadSpec _overhead;
    readonly List<GemmShape> _gemms;
    readonly GemmCurve[] _gemmCurves;
    readonly GemmCurve _headCurve;
    readonly MoeTimes? _moe;
    readonly CollectiveTimes _collectives;
    readonly AttentionTimes _attention;

    public KernelTimes(
        Deployment deployment, EfficiencyCurves curves, EngineOverheadSpec overhead, List<string> notes)
    {
        _deployment = deployment;
        _curves = curves;
        _overhead = overhead;
        _gemms = LayerShapes.Of(deployment);
        _gemmCurves = new GemmCurve[_gemms.Count];
        var blockScaled = CurveChoice.IsBlockScaled(deployment);
        for (var i = 0; i < _gemms.Count; i++)
        {
            _gemmCurves[i] = CurveChoice.Gemm(curves, _gemms[i].Weights, blockScaled, notes);
        }
        _headCurve = CurveChoice.Gemm(curves, NumberFormat.Bf16, false, notes);
        _collectives = new CollectiveTimes(deployment, curves, notes);
        if (LayerShapes.Moe(deployment) is { } shape)
        {
            _moe = new MoeTimes(shape, deployment, curves, notes);
        }
        _attention = new AttentionTimes(deployment, curves, notes);
    }

    public int Kernels =>
        (_deployment.Model.Layers * (6 + ElementwiseKernels + (_deployment.TensorParallel > 1 ? 2 : 0))) + 8;

    public bool MixesDecodes => _attention.MixesDecodes;

    int ElementwiseKernels => _deployment.Model.NormalisesQueries ? 6 : 4;

    public double DenseNs(double tokens)
    {
        var sum = 0.0;
        for (var i = 0; i < _gemms.Count; i++)
        {
            var shape = _gemms[i];
            sum += shape.Count * GemmNs(_gemmCurves[i], shape, tokens);
        }
        return sum;
    }

    public double ElementwiseNs(double tokens)
    {
        var model = _deployment.Model;
        var a = model.Attention;
        var ff = model.FeedForward;
        var tp = (double)_deployment.TensorParallel;
        var heads = (LayerShapes.Heads(_deployment) + LayerShapes.KvHeads(_deployment)) * (double)a.HeadDim;
        var layer = (2 * MemoryBoundNs(8 * tokens * model.Hidden)) + MemoryBoundNs(4 * tokens * heads);
        if (model.NormalisesQueries)
        {
            // The two norms of the profiles run at half the bandwidth of the others.
            layer += 2 * MemoryBoundNs(4 * tokens * heads);
        }
        var act = ff.DenseLayers * MemoryBoundNs(6 * tokens * ff.Intermediate / tp);
        if (ff.SharedIntermediate > 0)
        {
            act += ff.MoeLayers * MemoryBoundNs(6 * tokens * ff.SharedIntermediate / tp);
        }
        var gaps = model.Layers * ElementwiseKernels * _overhead.GraphGapNs;
        return (model.Layers * layer) + act + gaps + (2 * MemoryBoundNs(8 * tokens * model.Hidden));
    }

    public double MoeNs(double tokens) => _moe?.Ns(tokens) ?? 0;

    public double CommunicationNs(double tokens) =>
        _collectives.LayersNs(tokens)
        + (_moe is null ? 0 : _collectives.ExpertExchangeNs(tokens));

    /// <summary>
    /// Logits of <paramref name="rows"/> rows: projection, gathering over ranks, sampling; of a model that
    /// pools, the vectors.
    /// </summary>
    public double LmHeadNs(double rows)
    {
        var model = _deployment.Model;
        if (model.Pools)
        {
            return SamplerLaunchNs + MemoryBoundNs(4 * rows * model.Hidden);
        }
        var vocabulary = (double)model.Vocabulary / _deployment.TensorParallel;
        var projection = GemmNs(
            _headCurve, new GemmShape(vocabulary, model.Hidden, 1, NumberFormat.Bf16), rows);
        var sampling = SamplerLaunchNs
            + (SamplerPasses * 4 * rows * model.Vocabulary / _curves.Peak.BytesPerNs);
        return projection + sampling + _collectives.GatherNs(2 * rows * model.Vocabulary);
    }

    public double PipelineNs(double tokens) => _collectives.PipelineNs(tokens);

    public double DecodeNs(double sequences, double context) => _attention.DecodeNs(sequences, context);

    public double PrefillNs(
        double tokens, double pairs, double meanContext, double sequences, double decodeContext) =>
        _attention.PrefillNs(tokens, pairs, meanContext, sequences, decodeContext);

    double GemmNs(GemmCurve curve, GemmShape shape, double tokens)
    {
        if (curve.Weights == shape.Weights)
        {
            return curve.Ns(_curves.Peak, tokens, shape.N, shape.K);
        }
        // Another format's efficiency over this format's roofline.
        var peak = _curves.Peak;
        var ratio = curve.Ns(peak, tokens, shape.N, shape.K)
            / GemmCurve.ReferenceNs(peak, tokens, shape.N, shape.K, curve.Weights);
        return Math.Max(
            ratio * GemmCurve.ReferenceNs(peak, tokens, shape.N, shape.K, shape.Weights),
            peak.GemmFloorNs(tokens, shape.N, shape.K, shape.Weights));
    }

    /// <summary>
    /// A kernel that only moves bytes; half the cache is taken to hold its producer's output.
    /// </summary>
    double MemoryBoundNs(double bytes)
    {
        var warm = Math.Min(bytes, _curves.CacheMegabytes * 0.5e6);
        return ElementwiseLaunchNs
            + (((warm / CacheSpeedup) + (bytes - warm)) / _curves.Peak.BytesPerNs);
    }
}
