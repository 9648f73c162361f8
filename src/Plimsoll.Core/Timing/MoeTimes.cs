using System;
using System.Collections.Generic;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;

namespace Plimsoll.Core.Timing;

/// <summary>The routed experts of all layers, from the nearest measured layer's efficiency.</summary>
sealed class MoeTimes
{
    /// <summary>
    /// What unpacking 4-bit integers costs over the BF16 kernel's efficiency: Kimi-K2.5 on B200 under vLLM,
    /// InferenceMAX 1024/1024, 4 to 64 clients.
    /// </summary>
    const double Int4Unpacking = 1.8;

    /// <summary>
    /// Shares of peak that grouped products reach where tokens are sorted by expert: DeepGEMM on H800,
    /// contiguous 1,214 to 1,346 TFLOP/s, masked 815 to 925 GB/s to 1,233 TFLOP/s.
    /// </summary>
    const double GroupedFlops = 0.6, GroupedBytes = 0.8;

    readonly MoeShape _shape;
    readonly MoeCurve _curve;
    readonly RooflineSpec _peak;
    readonly double _unpacking;
    readonly int _layers;
    readonly int _dataParallel;
    readonly double _skew;
    readonly double _busiest;
    readonly bool _grouped;

    public MoeTimes(MoeShape shape, Deployment deployment, EfficiencyCurves curves, List<string> notes)
    {
        _shape = shape;
        _curve = CurveChoice.Moe(curves, shape, notes);
        _peak = curves.Peak;
        _unpacking =
            shape.Weights == NumberFormat.Int4 && _curve.Weights != NumberFormat.Int4 ? Int4Unpacking : 1;
        _layers = deployment.Model.FeedForward.MoeLayers;
        _dataParallel = deployment.DataParallel;
        _skew = deployment.ExpertSkew;
        _busiest = 1 + ExpertExchange.Imbalance(deployment);
        _grouped = ExpertExchange.IsPlaced(deployment);
        if (_grouped)
        {
            CurveChoice.Note(notes, "experts: grouped products as DeepGEMM does them on H800");
        }
    }

    /// <summary>
    /// Every data-parallel rank brings <paramref name="tokens"/> tokens to experts that all of them share.
    /// </summary>
    public double Ns(double tokens)
    {
        var all = tokens * _dataParallel;
        var (bytes, flops) = MoeCurve.Work(_shape, all);
        if (_grouped)
        {
            return _layers * _busiest * (MoeCurve.LaunchNs + Math.Max(
                bytes / (GroupedBytes * _peak.BytesPerNs),
                flops / (GroupedFlops * _peak.FlopsPerNs(_shape.Compute))));
        }
        var floor = Math.Max(bytes / _peak.BytesPerNs, flops / _peak.FlopsPerNs(_shape.Compute));
        return _layers * _busiest
            * Math.Max(floor, _unpacking * ExpertSkew.Over(_skew, _shape.ExpertRanks, all)
                * _curve.Ratio(all) * MoeCurve.ReferenceNs(_peak, _shape, all));
    }
}
