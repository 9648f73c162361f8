using System;
using Plimsoll.Core.Timing;

namespace Plimsoll.Engine;

/// <summary>What one request did in a step: the weights of its share of the step's cost.</summary>
/// <param name="LedgerId">As the request has it.</param>
/// <param name="PrefillTokens">New prompt tokens.</param>
/// <param name="DecodeTokens">Tokens decoded; 0 or 1 without speculation.</param>
/// <param name="ContextTokens">KV length read, the new tokens included.</param>
/// <param name="RecomputedTokens">Of the prefill tokens, those computed before and lost
/// to a preemption.</param>
/// <param name="DraftTokens">Tokens guessed and checked; of these, all but one of the decoded were
/// right.</param>
public readonly record struct StepShare(
    long LedgerId, int PrefillTokens, int DecodeTokens, int ContextTokens, int RecomputedTokens = 0,
    int DraftTokens = 0);

/// <summary>One step that an engine ran, as the ledger, the metrics and the decision log see it.</summary>
public readonly ref struct EngineStep
{
    public required long Serial { get; init; }

    /// <summary>When it began and how long it took, nanoseconds on the engine's clock.</summary>
    public required long StartNs { get; init; }

    public required long DurationNs { get; init; }

    /// <summary>
    /// What the step-time model said beforehand, nanoseconds; equal where the engine is simulated.
    /// </summary>
    public required long PredictedNs { get; init; }

    public required StepShape Shape { get; init; }

    /// <summary>Which of the engine's ranks ran it, from 0; each rank's steps follow each other.</summary>
    public int Rank { get; init; }

    /// <summary>
    /// The duration by cause, which the ledger splits by; all zero where the engine cannot tell.
    /// </summary>
    public StepSplit Causes { get; init; }

    /// <summary>Every request that took part, once.</summary>
    public required ReadOnlySpan<StepShare> Shares { get; init; }
}

public delegate void StepListener(in EngineStep step);
