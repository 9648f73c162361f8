namespace Plimsoll.Core.Hardware;

/// <summary>An engine's settings, named and defaulted as vLLM's server does.</summary>
public sealed record EngineSettings
{
    /// <summary><c>vllm</c>, <c>trtllm</c> or <c>sglang</c>: whose kernels and host overhead are meant.</summary>
    public string Engine { get; init; } = "vllm";

    /// <summary>Least memory of an accelerator, bytes, for which vLLM's server takes its larger defaults.</summary>
    const double LargeMemoryBytes = 70.0 * (1 << 30);

    public int MaxNumSeqs { get; init; } = 256;

    public int MaxNumBatchedTokens { get; init; } = 8192;

    /// <summary>Tokens per KV block.</summary>
    public int BlockSize { get; init; } = 16;

    public double GpuMemoryUtilization { get; init; } = 0.9;

    /// <summary>KV blocks of one engine rank, when the engine's own count is known.</summary>
    public int? NumGpuBlocks { get; init; }

    /// <summary>Most prompt tokens of one request in one step; 0 for no limit.</summary>
    public int LongPrefillTokenThreshold { get; init; }

    public bool EnablePrefixCaching { get; init; } = true;

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
