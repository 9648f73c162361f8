using System;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;

namespace Plimsoll.Core.Timing;

/// <summary>
/// What a model's weights occupy. Embedding and LM head stay in BF16 whatever the format of the rest, as
/// published FP8 and FP4 checkpoints do; so do routers.
/// </summary>
public static class WeightBytes
{
    /// <summary>Bytes of the whole model, as a checkpoint holds it.</summary>
    public static double Total(ModelSpec model, NumberFormat weights)
    {
        var embeddings = Embeddings(model);
        var bf16 = embeddings + Vision(model);
        return (bf16 * NumberFormat.Bf16.BytesPerElement())
            + ((model.Parameters - bf16) * weights.BytesPerElement());
    }

    /// <summary>
    /// Bytes on one accelerator: layers over pipeline stages, matrices over tensor ranks, routed experts
    /// over every rank that shares them, and whole on each rank what tensor parallelism does not split.
    /// </summary>
    public static double PerAccelerator(Deployment deployment)
    {
        var model = deployment.Model;
        // Encoders of images stay in BF16 with the embeddings.
        var embeddings = Embeddings(model) + Vision(model);
        var experts = Experts(model);
        var rest = model.Parameters - embeddings - experts;
        if (rest < 0)
        {
            (rest, experts) = (model.Parameters - embeddings, 0);
        }
        var attention = Math.Min(rest, ParameterCount.Attention(model));
        var dense = (embeddings * NumberFormat.Bf16.BytesPerElement())
            + (attention * LayerShapes.AttentionFormat(deployment).BytesPerElement())
            + ((rest - attention) * LayerShapes.DenseFormat(deployment).BytesPerElement());
        var stages = deployment.TensorParallel * deployment.PipelineParallel;
        var expertRanks = deployment.ExpertParallel > 1 ? stages * deployment.DataParallel : stages;
        var routed = model.FeedForward.Experts;
        experts *= routed > 0 ? 1 + (deployment.Engine.RedundantExperts / (double)routed) : 1;
        return (dense / stages) + (experts * deployment.Weights.BytesPerElement() / expertRanks)
            + (Unsplit(deployment) / deployment.PipelineParallel);
    }

    /// <summary>
    /// Bytes of all layers that one tensor rank holds beyond its share: KV projections of repeated heads,
    /// the router in BF16, latent attention's down-projections, and the BF16 copy of its up-projections that
    /// decoding absorbs into queries and outputs.
    /// </summary>
    static double Unsplit(Deployment deployment)
    {
        var model = deployment.Model;
        var a = model.Attention;
        double ranks = deployment.TensorParallel;
        var stored = LayerShapes.AttentionFormat(deployment).BytesPerElement();
        var bf16 = NumberFormat.Bf16.BytesPerElement();
        var router = (double)model.FeedForward.MoeLayers * model.FeedForward.Experts * model.Hidden
            * (bf16 - (stored / ranks));
        if (a.Form != AttentionForm.Latent)
        {
            var repeated = Math.Max(0, LayerShapes.KvHeads(deployment) - (a.KvHeads / ranks));
            return router + (model.Layers * repeated * (a.HeadDim + a.ValueHeadDim) * model.Hidden * stored);
        }
        var down = (double)(a.QueryLoraRank + a.KvLoraRank + a.RopeHeadDim) * model.Hidden * stored
            * (1 - (1 / ranks));
        var absorbed = a.KvLoraRank * a.Heads * (double)(a.NopeHeadDim + a.ValueHeadDim) * bf16 / ranks;
        return router + (model.Layers * (down + absorbed));
    }

    static double Experts(ModelSpec model)
    {
        var ff = model.FeedForward;
        var matrices = ff.Gated ? 3.0 : 2.0;
        return matrices * ff.MoeLayers * ff.Experts * ff.ExpertIntermediate * model.Hidden;
    }

    static double Vision(ModelSpec model) => model.Vision is { } vision
        ? vision.Parameters + vision.ProjectorParameters
        : 0;

    static double Embeddings(ModelSpec model) =>
        (model.TiedEmbeddings ? 1.0 : 2.0) * model.Vocabulary * model.Hidden;
}
