using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;

namespace Plimsoll.Core.Timing;

/// <summary>
/// What a model's weights occupy. Embedding and LM head stay in BF16 whatever the format of the rest, as
/// published FP8 and FP4 checkpoints do.
/// </summary>
public static class WeightBytes
{
    /// <summary>Bytes of the whole model.</summary>
    public static double Total(ModelSpec model, NumberFormat weights)
    {
        var embeddings = Embeddings(model);
        return (embeddings * NumberFormat.Bf16.BytesPerElement())
            + ((model.Parameters - embeddings) * weights.BytesPerElement());
    }

    /// <summary>
    /// Bytes on one accelerator: layers over pipeline stages, matrices over tensor ranks, routed experts
    /// over every rank that shares them.
    /// </summary>
    public static double PerAccelerator(Deployment deployment)
    {
        var model = deployment.Model;
        var total = Total(model, deployment.Weights);
        var ff = model.FeedForward;
        var matrices = ff.Gated ? 3.0 : 2.0;
        var experts = matrices * ff.MoeLayers * ff.Experts * ff.ExpertIntermediate * (double)model.Hidden
            * deployment.Weights.BytesPerElement();
        experts = experts < total ? experts : 0;
        var stages = deployment.TensorParallel * deployment.PipelineParallel;
        var expertRanks = deployment.ExpertParallel > 1 ? stages * deployment.DataParallel : stages;
        return ((total - experts) / stages) + (experts / expertRanks);
    }

    static double Embeddings(ModelSpec model) =>
        (model.TiedEmbeddings ? 1.0 : 2.0) * model.Vocabulary * model.Hidden;
}
