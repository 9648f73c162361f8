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
/// KV capacity as the engine finds it at its start: its share of the memory less weights, activations, graphs
/// and other memory (<see cref="EngineMemorySpec"/>), in blocks of all layers.
/// </summary>
public static class KvCapacity
{
    const double Gib = 1_073_741_824;

    /// <summary>Blocks of one engine rank; the engine's own count where it is known.</summary>
    /// <param name="deployment">What is served on what.</param>
    /// <param name="memory">What the engine keeps beside weights and KV.</param>
    /// <param name="typicalContextTokens">Context at which window layers are charged: beyond its window
    /// a sequence stops growing there, so a block of 16 tokens costs them <c>window / context</c> of a
    /// full layer.</param>
    public static KvCapacityResult Blocks(
        Deployment deployment, EngineMemorySpec memory, int typicalContextTokens = 4096)
    {
        var engine = deployment.Engine;
        var weights = WeightBytes.PerAccelerator(deployment);
        var activations = memory.ActivationBytes(deployment);
        var other = memory.OtherBytes(deployment)
            + (deployment.Model.Attention.LinearStateBytes * (double)engine.MaxNumSeqs
                / (deployment.TensorParallel * deployment.PipelineParallel))
            + EncoderCacheBytes(deployment);
        var free = memory.KvBytes(
            MemoryBytes(deployment.Accelerator), engine.GpuMemoryUtilization, weights, activations, other);
        var block = BlockBytes(deployment, typicalContextTokens);
        // What keeps no KV is bound by its batch alone: blocks for as many of the longest prompts as may run.
        var unbound = (long)engine.MaxNumSeqs
            * ((deployment.Model.MaxContext + engine.BlockSize) / engine.BlockSize);
        var predicted = deployment.Model.Attention.Bidirectional
            ? (int)Math.Min(int.MaxValue / (2 * engine.BlockSize), free >= 0 ? unbound : 0)
            : block > 0 ? (int)Math.Min(int.MaxValue, Math.Max(0, free) / block) : 0;
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
        if (a.Bidirectional)
        {
            return 0;
        }
        var elements = a.Form == AttentionForm.Latent
            ? a.KvLoraRank + a.RopeHeadDim
            : LayerShapes.KvHeads(deployment) * (double)(a.HeadDim + a.ValueHeadDim);
        var windowShare = Math.Min(1.0, (double)a.WindowTokens / Math.Max(1, typicalContextTokens));
        var layers = (a.FullLayers + (a.WindowLayers * windowShare)) / deployment.PipelineParallel;
        return layers * elements * deployment.Kv.BytesPerElement() * deployment.Engine.BlockSize;
    }

    /// <summary>
    /// Encoder outputs that wait for the language model, BF16: as many tokens as a step has, vLLM's usual
    /// encoder cache.
    /// </summary>
    static double EncoderCacheBytes(Deployment deployment) => deployment.Model.Vision is null
        ? 0
        : 2.0 * deployment.Engine.MaxNumBatchedTokens * deployment.Model.Hidden;

    /// <summary>
    /// Memory the driver gives a process. Where no engine's log tells: cards with HBM reserve about 1 % of
    /// their binary gigabytes; slower GDDR cards pay for ECC out of the same memory.
    /// </summary>
    static double MemoryBytes(AcceleratorSpec accelerator) => accelerator switch
    {
        { DeviceGib: { } gib } => gib * Gib,
        { MemoryGbPerSecond: < 1000 } => accelerator.MemoryGb * 1.006e9,
        _ => accelerator.MemoryGb * Gib * 0.9895,
    };
}
