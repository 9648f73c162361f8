using System.Globalization;

namespace Plimsoll.Core.Hardware;

/// <summary>An engine's settings, named and defaulted as vLLM's server does.</summary>
public sealed record EngineSettings
{
    /// <summary>
    /// Least memory of an accelerator, bytes, for which vLLM's server takes its larger defaults.
    /// </summary>
    const double LargeMemoryBytes = 70.0 * (1 << 30);

    /// <summary>
    /// <c>vllm</c>, <c>trtllm</c> or <c>sglang</c>: whose kernels and host overhead are meant.
    /// </summary>
    public string Engine { get; init; } = "vllm";

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

    /// <summary>Whether this release comes before another; an unknown release is the newest.</summary>
    public bool IsBefore(int major, int minor, int patch = 0)
    {
        var parts = EngineVersion?.Split('.');
        if (parts is null || parts.Length < 2 || !TryParse(parts[0], out var ownMajor)
            || !TryParse(parts[1], out var ownMinor))
        {
            return false;
        }
        var ownPatch = parts.Length > 2 && TryParse(parts[2], out var known) ? known : 0;
        return (ownMajor, ownMinor, ownPatch).CompareTo((major, minor, patch)) < 0;
    }

    static bool TryParse(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    /// <summary>
    /// What vLLM's server chooses by accelerator (<c>EngineArgs.get_batch_defaults</c>, vLLM 0.10 and later):
    /// 1,024 sequences and 8,192 tokens from 70 GiB on except on an A100, 256 and 2,048 otherwise.
    /// </summary>
    public static EngineSettings OfServer(AcceleratorSpec accelerator)
    {
        var large = accelerator.MemoryGb * 1e9 >= LargeMemoryBytes
            && !accelerator.Name.Contains("A100", System.StringComparison.OrdinalIgnoreCase);
        return new EngineSettings
        {
            MaxNumSeqs = large ? 1024 : 256,
            MaxNumBatchedTokens = large ? 8192 : 2048,
        };
    }
}
