using System;
using System.Collections.Generic;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;

namespace Plimsoll.Core.Timing;

/// <summary>One matrix product that recurs through a model, as one accelerator computes it.</summary>
/// <param name="N">Columns: output width on this accelerator.</param>
/// <param name="K">Depth: input width on this accelerator.</param>
/// <param name="Count">Layers that have it.</param>
/// <param name="Weights">Format of its weights.</param>
readonly record struct GemmShape(double N, double K, int Count, NumberFormat Weights);

/// <summary>The model's own matrix products at its parallelism; routed experts apart.</summary>
static class LayerShapes
{
    public static List<GemmShape> Of(Deployment deployment)
    {
        var shapes = new List<GemmShape>();
        AddAttention(shapes, deployment, AttentionFormat(deployment));
        AddFeedForward(shapes, deployment, DenseFormat(deployment));
        return shapes;
    }

    /// <summary>Format of the weights outside the routed experts.</summary>
    public static NumberFormat DenseFormat(Deployment deployment) => deployment.Weights switch
    {
        NumberFormat.Fp4 when deployment.Model.ExpertsOnlyFp4 => NumberFormat.Bf16,
        NumberFormat.Int4 when deployment.Model.ExpertsOnlyInt4 => NumberFormat.Bf16,
        var weights => weights,
    };

    /// <summary>4-bit checkpoints of mixtures of experts leave their attention in 16 bits.</summary>
    public static NumberFormat AttentionFormat(Deployment deployment) =>
        IsFourBit(deployment.Weights) && deployment.Model.FeedForward.MoeLayers > 0
            ? NumberFormat.Bf16
            : DenseFormat(deployment);

    static bool IsFourBit(NumberFormat format) => format is NumberFormat.Fp4 or NumberFormat.Int4;

    /// <summary>KV heads on one accelerator; a head is repeated when there are fewer than ranks.</summary>
    public static int KvHeads(Deployment deployment) =>
        Math.Max(1, deployment.Model.Attention.KvHeads / deployment.TensorParallel);

    public static int Heads(Deployment deployment) =>
        Math.Max(1, deployment.Model.Attention.Heads / deployment.TensorParallel);

    /// <summary>The routed layer on one accelerator, or null for a dense model.</summary>
    public static MoeShape? Moe(Deployment deployment)
    {
        var ff = deployment.Model.FeedForward;
        if (ff.MoeLayers == 0)
        {
            return null;
        }
        var ranks = deployment.TensorParallel * deployment.DataParallel;
        var expertRanks = Math.Clamp(deployment.ExpertParallel, 1, ranks);
        // Without expert parallelism vLLM slices every expert over the tensor-parallel ranks.
        var slices = Math.Max(1, ranks / expertRanks);
        return new MoeShape(
            deployment.Model.Hidden,
            Math.Max(1, ff.ExpertIntermediate / slices),
            ff.ExpertsPerToken,
            ff.Experts,
            expertRanks,
            ff.Gated,
            deployment.Weights);
    }

    static void AddAttention(List<GemmShape> shapes, Deployment deployment, NumberFormat format)
    {
        var model = deployment.Model;
        var a = model.Attention;
        var layers = a.FullLayers + a.WindowLayers + a.LinearLayers;
        double heads = Heads(deployment);
        if (a.Form == AttentionForm.Latent)
        {
            double query = a.NopeHeadDim + a.RopeHeadDim;
            if (a.QueryLoraRank > 0)
            {
                shapes.Add(new(a.QueryLoraRank + a.KvLoraRank + a.RopeHeadDim, model.Hidden, layers, format));
                shapes.Add(new(heads * query, a.QueryLoraRank, layers, format));
            }
            else
            {
                shapes.Add(new((heads * query) + a.KvLoraRank + a.RopeHeadDim, model.Hidden, layers, format));
            }
            // The key and value up-projections, absorbed into queries and outputs.
            shapes.Add(new(heads * a.NopeHeadDim, a.KvLoraRank, layers, NumberFormat.Bf16));
            shapes.Add(new(heads * a.ValueHeadDim, a.KvLoraRank, layers, NumberFormat.Bf16));
        }
        else
        {
            double kv = KvHeads(deployment);
            shapes.Add(new(
                (heads * a.HeadDim) + (kv * (a.HeadDim + a.ValueHeadDim)), model.Hidden, layers, format));
        }
        shapes.Add(new(model.Hidden, heads * a.ValueHeadDim, layers, format));
    }

    static void AddFeedForward(List<GemmShape> shapes, Deployment deployment, NumberFormat format)
    {
        var hidden = deployment.Model.Hidden;
        var ff = deployment.Model.FeedForward;
        var up = ff.Gated ? 2.0 : 1.0;
        if (ff.DenseLayers > 0)
        {
            var width = (double)ff.Intermediate / deployment.TensorParallel;
            shapes.Add(new(up * width, hidden, ff.DenseLayers, format));
            shapes.Add(new(hidden, width, ff.DenseLayers, format));
        }
        if (ff.MoeLayers > 0)
        {
            shapes.Add(new(ff.Experts, hidden, ff.MoeLayers, NumberFormat.Bf16));
        }
        if (ff.MoeLayers > 0 && ff.SharedIntermediate > 0)
        {
            var width = (double)ff.SharedIntermediate / deployment.TensorParallel;
            shapes.Add(new(up * width, hidden, ff.MoeLayers, format));
            shapes.Add(new(hidden, width, ff.MoeLayers, format));
        }
    }
}
