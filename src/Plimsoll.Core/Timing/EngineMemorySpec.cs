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

    public required MemoryShare Share { get; init; }

    /// <summary>Bytes outside the model: context, libraries, workspaces.</summary>
    public required double RankBytes { get; init; }

    /// <summary>Bytes of collectives' buffers on a tensor-parallel rank.</summary>
    public required double CollectiveBytes { get; init; }

    /// <summary>Bytes of captured CUDA graphs that the engine sets aside.</summary>
    public double GraphBytes { get; init; }

    /// <summary>
    /// Peak bytes per logit while a full batch samples: FP32 logits, their sorted copy and indices.
    /// </summary>
    public double BytesPerLogit { get; init; }

    /// <summary>Most sequences that sampling peaks with.</summary>
    public int SampledSequences { get; init; } = int.MaxValue;

    /// <summary>
    /// Peak bytes of a full forward pass over those of the widest layer's inputs and outputs.
    /// </summary>
    public double ForwardFactor { get; init; }

    /// <summary>
    /// Whether the forward pass and sampling are alive together instead of one after the other.
    /// </summary>
    public bool SamplesBesideForward { get; init; }

    /// <summary>The engine of that name and release; an unknown one is treated as vLLM.</summary>
    public static EngineMemorySpec Of(EngineSettings engine) => engine.Engine switch
    {
        "sglang" => SgLang,
        "trtllm" => TensorRtLlm,
        _ => Vllm with
        {
            // Peaks that releases up to 0.11.0 log grow with the batch up to 1,024 sequences; later ones
            // peak at 1,024 as at about 500.
            SampledSequences = engine.IsBefore(0, 11, 1) ? int.MaxValue : 512,
            // Graphs count against the share from 0.21 on.
            GraphBytes = engine.IsBefore(0, 21) ? 0 : 0.4 * Gib,
        },
    };

    /// <summary>
    /// Profiles the largest batch, then the sampler with every sequence, and keeps the larger peak.
    /// </summary>
    static EngineMemorySpec Vllm { get; } = new()
    {
        Share = MemoryShare.OfAll,
        RankBytes = 0.3 * Gib,
        CollectiveBytes = 0.3 * Gib,
        BytesPerLogit = 34,
        ForwardFactor = 1.4,
    };

    /// <summary>
    /// Leaves activations and graphs to the part outside its fraction, so they do not count here.
    /// </summary>
    static EngineMemorySpec SgLang { get; } = new()
    {
        Share = MemoryShare.OfFreeBeforeWeights,
        RankBytes = 0.5 * Gib,
        CollectiveBytes = 1.0 * Gib,
    };

    /// <summary>
    /// Runtime and decoder buffers are sized for the largest batch beside the forward pass.
    /// </summary>
    static EngineMemorySpec TensorRtLlm { get; } = new()
    {
        Share = MemoryShare.OfFreeAfterWeights,
        RankBytes = 0.6 * Gib,
        CollectiveBytes = 2.0 * Gib,
        BytesPerLogit = 18,
        ForwardFactor = 1.4,
        SamplesBesideForward = true,
    };

    /// <summary>Activations of one accelerator at their peak.</summary>
    public double ActivationBytes(Deployment deployment)
    {
        var sequences = Math.Min(deployment.Engine.MaxNumSeqs, SampledSequences);
        var sampling = BytesPerLogit * sequences * deployment.Model.Vocabulary;
        var forward = ForwardFactor * ForwardBytes(deployment);
        return SamplesBesideForward ? sampling + forward : Math.Max(sampling, forward);
    }

    /// <summary>Bytes that are neither weights, activations nor KV.</summary>
    public double OtherBytes(Deployment deployment) =>
        RankBytes + GraphBytes + (deployment.TensorParallel > 1 ? CollectiveBytes : 0);

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
