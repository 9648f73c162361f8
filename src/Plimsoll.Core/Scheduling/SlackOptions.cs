using System.Collections.Generic;
using Plimsoll.Core.Timing;

namespace Plimsoll.Core.Scheduling;

/// <summary>What the policy <c>slack</c> may assume of an engine, and how careful it is.</summary>
public sealed record SlackOptions
{
    /// <summary>
    /// Longest step while nobody's token is due, nanoseconds; null for what a newcomer can wait for: the
    /// least over interactive levels of their gap and a quarter of their time to the first token.
    /// </summary>
    public long? IdleStepNs { get; init; }

    /// <summary>
    /// Longest step that batch work may fill while tokens are due, nanoseconds; null for a twelfth of the
    /// shortest time to the first token that is promised. A newcomer waits for the step that runs and for one
    /// more: shorter steps give first tokens sooner and batch work less. A step that gives somebody his first
    /// token is filled to half of it.
    /// </summary>
    public long? BatchStepNs { get; init; }

    /// <summary>
    /// Whether one step may carry several adapters, as vLLM's may; otherwise they take turns.
    /// </summary>
    public bool MixesAdapters { get; init; } = true;

    /// <summary>Whether the executor can cut a running step short.</summary>
    public bool CanAbort { get; init; }

    /// <summary>
    /// Nanoseconds to move one token's KV out or in, before the step it is moved in; null when the executor
    /// cannot.
    /// </summary>
    public double? SwapNsPerToken { get; init; }

    /// <summary>A batch prompt is not cut into less than this, tokens; only its end may be shorter.</summary>
    public int MinBatchChunk { get; init; } = 64;

    /// <summary>Share of the blocks that batch work leaves free for interactive growth.</summary>
    public double ReservedBlocks { get; init; } = 0.05;

    /// <summary>Drafting; null when the engine has no draft model.</summary>
    public DraftSpec? Drafts { get; init; }
}

/// <summary>Speculative decoding whose length the policy chooses step by step.</summary>
/// <param name="MaxTokens">Most drafts of a sequence in one step.</param>
/// <param name="AcceptanceByPosition">Probability that the i-th draft is accepted where all before it were;
/// the last goes on beyond.</param>
/// <param name="TokenNs">Nanoseconds to draft one token for a batch, per position.</param>
/// <param name="SequenceNs">Nanoseconds more for each sequence of the batch.</param>
/// <param name="MinTokens">Fewest; with <paramref name="MaxTokens"/> the same in every step.</param>
public sealed record DraftSpec(
    int MaxTokens, IReadOnlyList<double> AcceptanceByPosition, double TokenNs, double SequenceNs,
    int MinTokens = 0)
{
    /// <summary>Whether the policy refines the acceptance by what steps tell.</summary>
    public bool Learns { get; init; }

    /// <summary>
    /// Probability that the draft at this position, from 0, is accepted after all before it.
    /// </summary>
    public double Acceptance(int position) => AcceptanceByPosition[
        position < AcceptanceByPosition.Count ? position : AcceptanceByPosition.Count - 1];

    /// <summary>Time to draft what a step verifies, before the step; 0 without drafts, nanoseconds.</summary>
    public long DraftNs(in StepShape shape) => shape.DraftTokens == 0
        ? 0
        : (long)(shape.DraftTokens / shape.Decodes * (TokenNs + (SequenceNs * shape.Decodes)));
}
