namespace Plimsoll.Core.Scheduling;

/// <summary>A scheduler's limits, named as vLLM's server names them.</summary>
public sealed record SchedulerOptions
{
    public SchedulingPolicy Policy { get; init; } = SchedulingPolicy.VllmV1;

    /// <summary>Most sequences running at once.</summary>
    public required int MaxNumSeqs { get; init; }

    /// <summary>Most new tokens in one step.</summary>
    public required int MaxNumBatchedTokens { get; init; }

    /// <summary>KV blocks in all.</summary>
    public required int NumBlocks { get; init; }

    /// <summary>Tokens per KV block.</summary>
    public int BlockSize { get; init; } = 16;

    /// <summary>Most new prompt tokens of one request in one step; 0 for no limit.</summary>
    public int LongPrefillTokenThreshold { get; init; }

    /// <summary>Whether a prompt may be computed over several steps.</summary>
    public bool EnableChunkedPrefill { get; init; } = true;

    /// <summary>
    /// Tokens per prefix key; a multiple of <see cref="BlockSize"/>. 0 turns the prefix cache off.
    /// </summary>
    public int PrefixBlockTokens { get; init; }
}
