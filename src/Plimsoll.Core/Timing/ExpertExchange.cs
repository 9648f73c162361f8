using System;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;

namespace Plimsoll.Core.Timing;

/// <summary>
/// The exchange of one routed layer's tokens with experts beyond one scale-up domain, as DeepEP does it over
/// a 400 Gb/s port an accelerator: few tokens by the low-latency kernels, many by the node-limited ones.
/// Times measured on H100 and H200 at hidden 7168, top 8 (deepseek-ai/DeepEP; aiconfigurator's
/// wideep_deepep tables), scaled by bytes.
/// </summary>
sealed class ExpertExchange
{
    const double Hidden = 7168, TopK = 8;

    /// <summary>Tokens a rank up to which the low-latency kernels are used.</summary>
    const double FewTokens = 512;

    /// <summary>Node-limited kernels, 10⁹ bytes per second: beyond one node.</summary>
    const double ManyGbPerSecond = 43, MostNodes = 4;

    /// <summary>Dispatch and combine by nodes: µs before the first token, and for each.</summary>
    static readonly (double Nodes, double Dispatch, double EachDispatch, double Combine, double EachCombine)[]
        Fits = [(2, 19, 0.65, 19, 1.31), (4, 26, 0.92, 26, 1.85), (8, 21, 1.14, 13, 2.30),
            (16, 23, 1.27, 15, 2.71), (32, 24, 1.28, 15, 2.65)];

    readonly (double Nodes, double Dispatch, double EachDispatch, double Combine, double EachCombine) _fit;
    readonly double _nodes;
    readonly double _bytes;
    readonly double _combined;
    readonly double _share;

    /// <param name="nodes">Scale-up domains.</param>
    /// <param name="bytes">Dispatched of a token, over what was measured.</param>
    /// <param name="combined">Combined of a token, over what was measured.</param>
    /// <param name="share">Experts of a token, over what was measured.</param>
    ExpertExchange(double nodes, double bytes, double combined, double share)
    {
        _nodes = nodes;
        _bytes = bytes;
        _combined = combined;
        _share = share;
        _fit = Fits[0];
        foreach (var known in Fits)
        {
            _fit = known.Nodes <= nodes ? known : _fit;
        }
    }

    /// <summary>Null where all experts lie within one scale-up domain.</summary>
    public static ExpertExchange? Of(Deployment deployment)
    {
        var ranks = deployment.TensorParallel * deployment.DataParallel;
        var world = deployment.Accelerator.ScaleUpWorld;
        if (deployment.ExpertParallel <= 1 || deployment.DataParallel <= 1 || ranks <= world)
        {
            return null;
        }
        // FP8 with its scales where the weights are narrow, else BF16; combined in BF16 always.
        var wide = deployment.Model.Hidden / Hidden;
        var dispatched = deployment.Weights == NumberFormat.Bf16 ? wide * 14336 / 7392 : wide;
        return new ExpertExchange(
            Math.Ceiling(ranks / (double)world), dispatched, wide,
            deployment.Model.FeedForward.ExpertsPerToken / TopK);
    }

    /// <summary>Dispatch and combine of so many tokens a rank, nanoseconds, routing even.</summary>
    public (double Dispatch, double Combine) Ns(double tokens)
    {
        if (tokens <= FewTokens)
        {
            return Few(tokens);
        }
        var copies = Math.Min(MostNodes, _nodes);
        // From one kernel to the other without a step down.
        return (
            Math.Max(Few(FewTokens).Dispatch, tokens * copies * 7392 * _bytes / ManyGbPerSecond),
            Math.Max(Few(FewTokens).Combine, tokens * copies * 14336 * _combined / ManyGbPerSecond));
    }

    (double Dispatch, double Combine) Few(double tokens) => (
        1e3 * (_fit.Dispatch + (_fit.EachDispatch * tokens * _bytes * _share)),
        1e3 * (_fit.Combine + (_fit.EachCombine * tokens * _combined * _share)));

    /// <summary>
    /// Whether experts are placed by load and their products grouped, as systems over many accelerators do;
    /// the measured tables of single nodes have skewed routing and other kernels.
    /// </summary>
    public static bool IsPlaced(Deployment deployment) => deployment.ExpertParallel > 1
        && (deployment.Engine.RedundantExperts > 0 || Of(deployment) is not null);

    /// <summary>
    /// How much the busiest rank has over the mean: DeepSeek-R1 on 32 ranks, with redundant experts placed by
    /// load 0.109, without 1.564; of fewer ranks in proportion to their doublings.
    /// </summary>
    public static double Imbalance(Deployment deployment)
    {
        if (!IsPlaced(deployment))
        {
            return 0;
        }
        return deployment.Engine.RedundantExperts > 0
            ? 0.109
            : 1.564 * Math.Min(1, Math.Log2(deployment.ExpertParallel) / 5);
    }
}
