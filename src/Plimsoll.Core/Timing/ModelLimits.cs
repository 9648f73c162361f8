using System;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;

namespace Plimsoll.Core.Timing;

/// <summary>
/// The physical floor: peak FLOPs and bandwidth, perfect overlap, weights read once for an unbounded batch.
/// </summary>
public static class ModelLimits
{
    /// <summary>
    /// Least time of one replica for one request, nanoseconds. Compute: two FLOPs per active weight and
    /// new token, and attention. Memory: every decoded token reads its KV, every new token writes its own.
    /// </summary>
    /// <param name="deployment">The replica; its accelerators share the work evenly.</param>
    /// <param name="promptTokens">Prompt length, cached part included.</param>
    /// <param name="cachedTokens">Prompt tokens found in the prefix cache.</param>
    /// <param name="outputTokens">Tokens generated, the first one included.</param>
    public static double FloorNsPerRequest(
        Deployment deployment, long promptTokens, long cachedTokens, long outputTokens)
    {
        var model = deployment.Model;
        var peak = RooflineSpec.Of(deployment.Accelerator);
        var prefill = (double)Math.Max(0, promptTokens - cachedTokens);
        var decoded = (double)Math.Max(0, outputTokens - 1);
        var prefillPairs = prefill * (cachedTokens + ((prefill + 1) / 2));
        var decodePairs = decoded * (promptTokens + ((decoded + 1) / 2));
        var flops = (2 * LayerWeights(model) * (prefill + decoded))
            + (model.Pools ? 0 : 2.0 * model.Vocabulary * model.Hidden * outputTokens);
        if (model.Attention.Bidirectional)
        {
            prefillPairs = prefill * prefill;
        }
        var attention = AttentionFlopsPerPair(model) * (prefillPairs + decodePairs);
        var compute = (flops / peak.FlopsPerNs(deployment.Weights))
            + (attention / peak.FlopsPerNs(NumberFormat.Bf16));
        var memory = model.Attention.FullLayers * KvBytesPerTokenAndLayer(deployment)
            * (decodePairs + prefill + decoded) / peak.BytesPerNs;
        return Math.Max(compute, memory) / deployment.Accelerators;
    }

    /// <summary>
    /// Least time of one step, nanoseconds: the dense weights and the full layers' KV once through memory.
    /// No prediction lies below.
    /// </summary>
    public static double FloorNsPerStep(Deployment deployment, in StepShape shape)
    {
        var peak = RooflineSpec.Of(deployment.Accelerator);
        var bytes = 0.0;
        foreach (var gemm in LayerShapes.Of(deployment))
        {
            bytes += gemm.Count * gemm.N * gemm.K * gemm.Weights.BytesPerElement();
        }
        if (shape.Decodes > 0)
        {
            var pages = shape.DecodeContextTokens / (StepTimeModel.PageTokens * (long)shape.Decodes);
            bytes += deployment.Model.Attention.FullLayers * KvBytesPerTokenAndLayer(deployment)
                * shape.Decodes * pages * StepTimeModel.PageTokens
                / (deployment.TensorParallel * deployment.PipelineParallel);
        }
        return bytes / peak.BytesPerNs;
    }

    static double KvBytesPerTokenAndLayer(Deployment deployment) => deployment.Model.Attention.Bidirectional
        ? 0
        : deployment.Model.KvElementsPerTokenAndLayer * deployment.Kv.BytesPerElement();

    /// <summary>Active weights outside embedding and LM head.</summary>
    static double LayerWeights(ModelSpec model) => Math.Max(
        0, model.ActiveParameters - ((model.TiedEmbeddings ? 1.0 : 2.0) * model.Vocabulary * model.Hidden));

    static double AttentionFlopsPerPair(ModelSpec model) =>
        2.0 * model.Attention.FullLayers * model.Attention.Heads
            * (model.Attention.HeadDim + model.Attention.ValueHeadDim);
}
