namespace Plimsoll.Core.Hardware;

/// <summary>An engine's settings, named and defaulted as vLLM's server does.</summary>
public sealed record EngineSettings
{
    /// <summary>The engine that is meant where none is named.</summary>
    public const string UsualEngine = "vllm";

    /// <summary>
    /// Name of a row of <c>data/engines.json</c>: whose kernels, host and memory are meant.
    /// </summary>
    public string Engine { get; init; } = UsualEngine;

    /// <summary>Release of the engine, as <c>0.15.1</c>; null for the newest known here.</summary>
    public string? EngineVersion { get; init; }

    public int MaxNumSeqs { get; init; } = 256;

    public int MaxNumBatchedTokens { get; init; } = 8192;

    /// <summary>Tokens per KV block.</summary>
    public int BlockSize { get; init; } = 16;

    /// <summary>
    /// What the engine may take: vLLM's share of all memory, SGLang's <c>mem_fraction_static</c>,
    /// TensorRT-LLM's share of what weights and activations leave free.
    /// </summary>
    public double GpuMemoryUtilization { get; init; } = 0.9;

    /// <summary>KV blocks of one engine rank, when the engine's own count is known.</summary>
    public int? NumGpuBlocks { get; init; }

    /// <summary>Most prompt tokens of one request in one step; 0 for no limit.</summary>
    public int LongPrefillTokenThreshold { get; init; }

    /// <summary>Speculative decoding; null when it is off.</summary>
    public SpeculationSpec? Speculation { get; init; }

    public bool EnablePrefixCaching { get; init; } = true;

    /// <summary>
    /// Whether a batch is computed as two, one exchanging tokens with experts while the other computes; only
    /// where experts are exchanged.
    /// </summary>
    public bool TwoBatchOverlap { get; init; }

    /// <summary>Copies of busy experts beside all of them, so that ranks are loaded alike.</summary>
    public int RedundantExperts { get; init; }

    /// <summary>Memories below the accelerator's that keep KV; null for none.</summary>
    public KvTiersSpec? KvTiers { get; init; }
}
