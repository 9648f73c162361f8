using System;
using Plimsoll.Core.Hardware;

namespace Plimsoll.Core.Timing;

/// <summary>What an engine's memory fraction is a fraction of.</summary>
public enum MemoryShare
{
    /// <summary>All memory; weights and reserve come out of the share: vLLM.</summary>
    OfAll,

    /// <summary>What is free before weights load; weights come out of the share: SGLang.</summary>
    OfFreeBeforeWeights,

    /// <summary>What weights and reserve leave: TensorRT-LLM.</summary>
    OfFreeAfterWeights,
}

/// <summary>
/// What an engine keeps beside weights before it gives the rest to KV. The constants are the least absolute
/// relative error over the rows of <c>data/kv-capacity.csv</c> that are marked fitted.
/// </summary>
public sealed record EngineMemorySpec
{
    const double Gib = 1_073_741_824;

    public required string Source { get; init; }

    public required string AsOf { get; init; }

    public required MemoryShare Share { get; init; }

    /// <summary>GiB outside the model: context, libraries, workspaces.</summary>
    public required double RankGib { get; init; }

    /// <summary>GiB of collectives' buffers on a tensor-parallel rank.</summary>
    public required double CollectiveGib { get; init; }

    /// <summary>GiB of captured CUDA graphs that the engine sets aside.</summary>
    public double GraphGib { get; init; }

    /// <summary>
    /// Peak bytes per logit while a full batch samples: FP32 logits, their sorted copy and indices.
    /// </summary>
    public double BytesPerLogit { get; init; }

    /// <summary>Most sequences that sampling peaks with; null for all that may run.</summary>
    public int? SampledSequences { get; init; }

    /// <summary>
    /// Peak bytes of a full forward pass over those of the widest layer's inputs and outputs.
    /// </summary>
    public double ForwardFactor { get; init; }

    /// <summary>
    /// Whether the forward pass and sampling are alive together instead of one after the other.
    /// </summary>
    public bool SamplesBesideForward { get; init; }

    /// <summary>Activations of one accelerator at their peak.</summary>
    public double ActivationBytes(Deployment deployment)
    {
        var sequences = Math.Min(deployment.Engine.MaxNumSeqs, SampledSequences ?? int.MaxValue);
        var logits = deployment.Model.Pools ? 1 : deployment.Model.Vocabulary;
        var sampling = BytesPerLogit * sequences * logits;
        var forward = ForwardFactor * ForwardBytes(deployment);
        return SamplesBesideForward ? sampling + forward : Math.Max(sampling, forward);
    }

    /// <summary>Bytes that are neither weights, activations nor KV.</summary>
    public double OtherBytes(Deployment deployment) =>
        (RankGib * Gib) + (GraphGib * Gib) + (deployment.TensorParallel > 1 ? CollectiveGib * Gib : 0);

    /// <summary>Bytes for KV out of <paramref name="memory"/>; negative when the rest does not fit.</summary>
    public double KvBytes(double memory, double share, double weights, double activations, double other)
    {
        var reserve = activations + other;
        return Share switch
        {
            MemoryShare.OfAll => (share * memory) - weights - reserve,
            MemoryShare.OfFreeBeforeWeights => (share * (memory - reserve)) - weights,
            _ => share * (memory - weights - reserve),
        };
    }

    /// <summary>
    /// BF16 rows of the largest batch around the widest layer: residual, its input and the feed-forward's
    /// gate, up and product. A mixture keeps every token once per expert that it visits.
    /// </summary>
    static double ForwardBytes(Deployment deployment)
    {
        var model = deployment.Model;
        var ff = model.FeedForward;
        double ranks = deployment.TensorParallel;
        var dense = (2.0 * model.Hidden) + (3 * ff.Intermediate / ranks);
        var mixture = ff.MoeLayers == 0
            ? 0
            : (2.0 * model.Hidden)
            + (ff.ExpertsPerToken * (model.Hidden + (3 * ff.ExpertIntermediate / ranks)));
        return 2.0 * deployment.Engine.MaxNumBatchedTokens * Math.Max(dense, mixture);
    }
}
