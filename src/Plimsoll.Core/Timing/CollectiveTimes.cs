using System;
using System.Collections.Generic;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;

namespace Plimsoll.Core.Timing;

/// <summary>
/// What accelerators of one replica say to each other: all-reduce, gathering, experts, pipeline.
/// </summary>
sealed class CollectiveTimes
{
    /// <summary>Share of the link that point-to-point traffic reaches.</summary>
    const double LinkEfficiency = 0.7;

    /// <summary>Start-up of one point-to-point exchange.</summary>
    const double ExchangeNs = 15_000;

    readonly Deployment _deployment;
    readonly AllReduceCurve? _allReduce;
    readonly ExpertExchange? _exchange;
    readonly double _busiest;

    public CollectiveTimes(Deployment deployment, EfficiencyCurves curves, List<string> notes)
    {
        _deployment = deployment;
        var ranks = deployment.TensorParallel;
        if (ranks > 1)
        {
            _allReduce = CurveChoice.AllReduce(curves, ranks, notes);
        }
        if (deployment.PipelineParallel > 1)
        {
            CurveChoice.Note(notes, "pipeline hops: from the link's datasheet");
        }
        _exchange = ExpertExchange.Of(deployment);
        _busiest = 1 + ExpertExchange.Imbalance(deployment);
        if (_exchange is not null)
        {
            CurveChoice.Note(notes, "experts across nodes: DeepEP's times on H100 and H200, scaled");
        }
        else if (ExchangesExperts)
        {
            CurveChoice.Note(notes, "expert all-to-all: from the link's datasheet");
        }
    }

    /// <summary>
    /// Tokens travel to their experts only when ranks hold different tokens: attention is data parallel.
    /// </summary>
    bool ExchangesExperts =>
        _deployment.DataParallel > 1 && _deployment.ExpertParallel > 1;

    /// <summary>
    /// Two all-reduces per layer and one for the embedding, each of tokens × hidden in BF16.
    /// </summary>
    public double LayersNs(double tokens)
    {
        if (_allReduce is null)
        {
            return 0;
        }
        var model = _deployment.Model;
        var perLayer = ExchangesExperts ? 1 : 2;
        return ((perLayer * model.Layers) + 1) * AllReduceNs(
            _allReduce, 2 * tokens * model.Hidden);
    }

    /// <summary>Gathering moves half the bytes of an all-reduce of the whole.</summary>
    public double GatherNs(double bytes) => _allReduce is null ? 0 : AllReduceNs(_allReduce, bytes / 2);

    /// <summary>Dispatch (FP8 where the weights are) and combine (BF16) of every routed layer.</summary>
    public double ExpertExchangeNs(double tokens)
    {
        if (!ExchangesExperts)
        {
            return 0;
        }
        var model = _deployment.Model;
        var ff = model.FeedForward;
        if (_exchange is not null)
        {
            var (dispatch, combine) = _exchange.Ns(tokens);
            return ff.MoeLayers * _busiest * (dispatch + combine);
        }
        var ranks = _deployment.TensorParallel * _deployment.DataParallel;
        var away = (ranks - 1.0) / ranks;
        var bytesPerToken = (_deployment.Weights == NumberFormat.Bf16 ? 2 : 1) + 2;
        var bytes = tokens * Math.Min(ff.ExpertsPerToken, ranks) * away * model.Hidden * bytesPerToken;
        return ff.MoeLayers * ((2 * ExchangeNs) + (bytes / LinkBytesPerNs));
    }

    public double PipelineNs(double tokens)
    {
        var hops = _deployment.PipelineParallel - 1;
        return hops * (ExchangeNs + (2 * tokens * _deployment.Model.Hidden / LinkBytesPerNs));
    }

    double LinkBytesPerNs => LinkEfficiency * _deployment.Accelerator.ScaleUpGbPerSecond;

    double AllReduceNs(AllReduceCurve curve, double bytes)
    {
        // A ring over r ranks moves 2(r − 1)/r of the message through every link.
        var measured = (curve.Ranks - 1.0) / curve.Ranks;
        var wanted = (_deployment.TensorParallel - 1.0) / _deployment.TensorParallel;
        return curve.At(bytes) * Math.Max(1, wanted / measured);
    }
}
