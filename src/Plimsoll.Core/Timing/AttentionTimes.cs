using System;
using System.Collections.Generic;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;

namespace Plimsoll.Core.Timing;

/// <summary>
/// Attention of all layers: full layers see the whole context, window layers its last tokens, linear
/// layers a state of fixed size.
/// </summary>
sealed class AttentionTimes
{
    /// <summary>
    /// Share of peak that latent decode attention reaches: one KV head shared by all query heads.
    /// </summary>
    const double LatentComputeEfficiency = 0.5;

    readonly AttentionSpec _attention;
    readonly RooflineSpec _peak;
    readonly NumberFormat _kv;
    readonly DecodeAttentionCurve _decode;
    readonly PrefillAttentionCurve _prefill;
    readonly int _heads;
    readonly int _kvHeads;
    readonly double _kvElements;
    readonly double _pairScale;
    readonly int _tensorParallel;

    public AttentionTimes(Deployment deployment, EfficiencyCurves curves, List<string> notes)
    {
        _attention = deployment.Model.Attention;
        _peak = curves.Peak;
        _kv = deployment.Kv;
        _tensorParallel = deployment.TensorParallel;
        _heads = LayerShapes.Heads(deployment);
        var latent = _attention.Form == AttentionForm.Latent;
        _kvHeads = latent ? 1 : LayerShapes.KvHeads(deployment);
        _kvElements = latent
            ? _attention.KvLoraRank + _attention.RopeHeadDim
            : _kvHeads * (double)(_attention.HeadDim + _attention.ValueHeadDim);
        var queryDim = latent ? _attention.NopeHeadDim + _attention.RopeHeadDim : _attention.HeadDim;
        var curveDim = latent ? _attention.ValueHeadDim : _attention.HeadDim;
        _decode = CurveChoice.Decode(
            curves, _kv, curveDim, _kvHeads, latent ? 8 : (double)_heads / _kvHeads, notes);
        _prefill = CurveChoice.Prefill(curves, _kv, curveDim, _heads, latent ? _heads : _kvHeads, notes);
        _pairScale = (queryDim + _attention.ValueHeadDim) / (2.0 * _prefill.HeadDim);
        if (latent && curves.Tier != Tier.Datasheet)
        {
            CurveChoice.Note(notes, "latent attention: not measured, scaled from grouped attention");
        }
        if (_attention.LinearLayers > 0)
        {
            CurveChoice.Note(notes, "linear attention: state bytes at memory bandwidth");
        }
    }

    /// <summary>Whether decodes share the prefill kernel in a mixed step.</summary>
    public bool MixesDecodes => _prefill.DecodeRows > 0;

    /// <summary>Decoding sequences of a mean context, all layers.</summary>
    public double DecodeNs(double sequences, double context)
    {
        if (sequences <= 0)
        {
            return 0;
        }
        var sum = _attention.FullLayers * DecodeLayerNs(sequences, context);
        if (_attention.WindowLayers > 0)
        {
            sum += _attention.WindowLayers
                * DecodeLayerNs(sequences, Math.Min(context, _attention.WindowTokens));
        }
        return sum + LinearNs(sequences);
    }

    /// <summary>Prompt chunks, all layers, and the decodes that share their kernel.</summary>
    public double PrefillNs(
        double tokens, double pairs, double meanContext, double sequences, double decodeContext)
    {
        if (_attention.Bidirectional)
        {
            // The sums count what a causal prompt sees; every token of a whole one sees as many again.
            pairs = (2 * pairs) - tokens;
        }
        var rows = _prefill.DecodeRows;
        var context = sequences > 0 && rows > 0
            ? Math.Max(meanContext, decodeContext / sequences)
            : meanContext;
        var sum = 0.0;
        if (_attention.FullLayers > 0)
        {
            sum += _attention.FullLayers * PrefillLayerNs(
                tokens + (rows * sequences), pairs + (rows * decodeContext), context);
        }
        if (_attention.WindowLayers > 0)
        {
            var window = (double)_attention.WindowTokens;
            sum += _attention.WindowLayers * PrefillLayerNs(
                tokens + (rows * sequences),
                Math.Min(pairs, tokens * window) + (rows * Math.Min(decodeContext, sequences * window)),
                Math.Min(context, 2 * window));
        }
        return sum + LinearNs(sequences);
    }

    double PrefillLayerNs(double tokens, double pairs, double context)
    {
        var flops = 4 * _heads * _pairScale * _prefill.HeadDim * pairs;
        var floor = flops / _peak.FlopsPerNs(NumberFormat.Bf16);
        return Math.Max(
            _prefill.Ns(_heads, tokens, _pairScale * pairs, context),
            // With FP8 KV some engines also multiply in FP8.
            _kv == NumberFormat.Bf16 ? floor : floor / 2);
    }

    double DecodeLayerNs(double sequences, double context)
    {
        var bytes = DecodeAttentionCurve.KvBytes(sequences, context, _kvElements, _kv);
        // The ratio follows the parallel units, sequences × KV heads.
        var units = sequences * _kvHeads / _decode.KvHeads;
        var ns = _decode.Ratio(units, context) * DecodeAttentionCurve.ReferenceNs(_peak, bytes);
        if (_attention.Form == AttentionForm.Latent)
        {
            var flops = 2.0 * _heads * sequences * context * (_kvElements + _attention.KvLoraRank);
            ns = Math.Max(ns, flops / (LatentComputeEfficiency * _peak.FlopsPerNs(NumberFormat.Bf16)));
        }
        return Math.Max(ns, bytes / _peak.BytesPerNs);
    }

    double LinearNs(double sequences) => _attention.LinearLayers == 0
        ? 0
        : (_attention.LinearLayers * DecodeAttentionCurve.LaunchNs)
            + (2 * sequences * _attention.LinearStateBytes / _tensorParallel / (0.7 * _peak.BytesPerNs));
}
