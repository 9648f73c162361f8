using System;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;

namespace Plimsoll.Core.Timing;

/// <summary>How many KV blocks one engine rank can hold, and what took the rest of the memory.</summary>
public sealed record KvCapacityResult
{
    /// <summary>KV blocks of one engine rank; 0 when not even one fits.</summary>
    public required int Blocks { get; init; }

    /// <summary>Tokens that the blocks hold.</summary>
    public required long Tokens { get; init; }

    /// <summary>Whether a sequence of one block fits; otherwise see <see cref="MissingGb"/>.</summary>
    public bool Fits => Blocks > 0;

    /// <summary>
    /// Memory, 10⁹ bytes per accelerator, by which the model misses fitting with one block.
    /// </summary>
    public required double MissingGb { get; init; }

    /// <summary>Bytes per accelerator.</summary>
    public required double WeightBytes { get; init; }

    public required double ActivationBytes { get; init; }

    public required double OtherBytes { get; init; }

    public required double KvBytes { get; init; }
}

/// <summary>
/// KV capacity as vLLM finds it: <c>utilisation · memory − weights − activations − graphs − other</c>, in
/// blocks of all layers.
/// </summary>
public static class KvCapacity
{
    /// <summary>
    /// CUDA context, libraries and what the driver keeps: 0.6 to 1.0 GiB on data-centre cards. vLLM counts
    /// it against the utilisation limit.
    /// </summary>
    const double ContextBytes = 0.8e9;

    /// <summary>NCCL and custom all-reduce buffers of a tensor-parallel rank.</summary>
    const double CollectiveBytes = 0.6e9;

    /// <summary>
    /// Peak activations while profiling the largest batch: feed-forward input and gated output, residual,
    /// attention input and output alive together, about this many hidden-size rows beside them.
    /// </summary>
    const double HiddenRows = 6;

    /// <summary>Blocks of one engine rank; the engine's own count where it is known.</summary>
    /// <param name="deployment">What is served on what.</param>
    /// <param name="typicalContextTokens">
    /// Context at which window layers are charged: beyond its window a sequence stops growing there, so
    /// a block of 16 tokens costs them <c>window / context</c> of a full layer.
    /// </param>
    public static KvCapacityResult Blocks(Deployment deployment, int typicalContextTokens = 4096)
    {
        var engine = deployment.Engine;
        var accelerator = deployment.Accelerator;
        var weights = WeightBytes.PerAccelerator(deployment);
        var activations = ActivationBytes(deployment);
        var other = ContextBytes + (deployment.TensorParallel > 1 ? CollectiveBytes : 0)
            + (deployment.Model.Attention.LinearStateBytes * (double)engine.MaxNumSeqs
                / (deployment.TensorParallel * deployment.PipelineParallel));
        var usable = MemoryBytes(accelerator) * engine.GpuMemoryUtilization;
        var free = usable - weights - activations - other;
        var block = BlockBytes(deployment, typicalContextTokens);
        var predicted = block > 0 ? (int)Math.Min(int.MaxValue, Math.Max(0, free) / block) : 0;
        var fitting = engine.NumGpuBlocks ?? predicted;
        return new KvCapacityResult
        {
            Blocks = fitting,
            Tokens = (long)fitting * engine.BlockSize,
            MissingGb = fitting > 0 ? 0 : (block - free) / 1e9,
            WeightBytes = weights,
            ActivationBytes = activations,
            OtherBytes = other,
            KvBytes = fitting * block,
        };
    }

    /// <summary>
    /// Bytes that one block of tokens costs one accelerator. vLLM's hybrid manager keeps every token for full
    /// layers and the last window for window layers, out of one pool.
    /// </summary>
    public static double BlockBytes(Deployment deployment, int typicalContextTokens = 4096)
    {
        var model = deployment.Model;
        var a = model.Attention;
        var elements = a.Form == AttentionForm.Latent
            ? a.KvLoraRank + a.RopeHeadDim
            : LayerShapes.KvHeads(deployment) * (double)(a.HeadDim + a.ValueHeadDim);
        var windowShare = Math.Min(1.0, (double)a.WindowTokens / Math.Max(1, typicalContextTokens));
        var layers = (a.FullLayers + (a.WindowLayers * windowShare)) / deployment.PipelineParallel;
        return layers * elements * deployment.Kv.BytesPerElement() * deployment.Engine.BlockSize;
    }

    /// <summary>
    /// Memory the driver reports. Cards with HBM and RTX PRO are sold by binary gigabytes and reserve about
    /// 1 %: an "80 GB" H100 reports 79.2 GiB, a "141 GB" H200 139.8, a "96 GB" RTX PRO 6000 95.0. Slower GDDR
    /// cards pay for ECC out of the same memory: a "48 GB" L40S reports 45.0 GiB.
    /// </summary>
    static double MemoryBytes(AcceleratorSpec accelerator) => accelerator.MemoryGbPerSecond < 1000
        ? accelerator.MemoryGb * 1.006e9
        : accelerator.MemoryGb * 1_073_741_824 * 0.9895;

    static double ActivationBytes(Deployment deployment)
    {
        var model = deployment.Model;
        var tokens = (double)deployment.Engine.MaxNumBatchedTokens;
        var ff = model.FeedForward;
        var routed = ff.MoeLayers > 0 ? (double)ff.ExpertIntermediate * ff.ExpertsPerToken : 0;
        var inner = 3 * Math.Max(ff.Intermediate, routed) / deployment.TensorParallel;
        var rows = 2 * tokens * (inner + (HiddenRows * model.Hidden));
        // Logits of a full batch in FP32 and their sorted copy while sampling is profiled.
        var logits = 8.0 * deployment.Engine.MaxNumSeqs * model.Vocabulary;
        return rows + logits + GraphBytes(deployment);
    }

    /// <summary>
    /// Captured CUDA graphs, 35 to 67 batch sizes: vLLM logs 0.5 GiB for an 8B and about 0.8 for a 70B.
    /// </summary>
    static double GraphBytes(Deployment deployment) =>
        0.3e9 + (0.006e9 * deployment.Model.Layers);
}
