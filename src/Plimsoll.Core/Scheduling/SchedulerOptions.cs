using System;
using System.Collections.Generic;

namespace Plimsoll.Core.Scheduling;

/// <summary>
/// A scheduler's limits, named as vLLM's server names them, and the levels of service it knows.
/// </summary>
public sealed record SchedulerOptions
{
    public SchedulingPolicy Policy { get; init; } = SchedulingPolicy.VllmV1;

    /// <summary>The levels that requests name by their place here; at least one.</summary>
    public IReadOnlyList<ServiceLevelSpec> Levels { get; init; } = [ServiceLevelSpec.Default];

    /// <summary>Most sequences running at once.</summary>
    public required int MaxNumSeqs { get; init; }

    /// <summary>
    /// Most new tokens in one step. Where deadlines are kept or memory is reserved, at least
    /// <see cref="MaxNumSeqs"/>: every decode has one.
    /// </summary>
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

    /// <summary>
    /// Whether <see cref="Scheduler.PrefixChanges"/> are kept, for an executor that has the KV itself.
    /// </summary>
    public bool TracksPrefixes { get; init; }

    /// <summary>
    /// <c>vllm-v1</c>: whether a prompt is admitted only when all its blocks are free, not its first chunk's
    /// (vLLM's <c>scheduler_reserve_full_isl</c>).
    /// </summary>
    public bool ReservesFullPrompts { get; init; }

    /// <summary>
    /// <c>vllm-v1</c>: whether a preempted request finds its own blocks again, as far as nobody has taken
    /// them, as a prefix cache that hashes answers too lets it.
    /// </summary>
    public bool FindsPreempted { get; init; }

    /// <summary>Tests force the request-by-request walk to show that the shortcut decides the same.</summary>
    internal bool AlwaysInOrder { get; init; }

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxNumSeqs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxNumBatchedTokens, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(NumBlocks, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(BlockSize, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(PrefixBlockTokens % BlockSize, 0);
        ArgumentOutOfRangeException.ThrowIfZero(Levels.Count);
        if (Policy.RunsEveryDecode)
            ArgumentOutOfRangeException.ThrowIfLessThan(MaxNumBatchedTokens, MaxNumSeqs);
    }
}
