using Plimsoll.Core.Scheduling;

namespace Plimsoll.Engine.Simulated;

/// <summary>
/// One request inside a <see cref="SimulatedRank"/>. Only the rank knows how long its answer is; the
/// scheduler learns it token by token.
/// </summary>
public sealed class SimulatedSequence
{
    public required int PromptTokens { get; init; }

    /// <summary>Tokens that the answer will have.</summary>
    public required int OutputTokens { get; init; }

    public long LedgerId { get; init; }

    /// <summary>Whatever the owner wants back with every token.</summary>
    public object? Owner { get; init; }

    /// <summary>Tokens given so far.</summary>
    public int Emitted { get; internal set; }

    /// <summary>Prompt tokens that the prefix cache gave.</summary>
    public int CachedTokens { get; internal set; }

    /// <summary>
    /// Most tokens whose KV ever existed: what is computed again below it was lost to a preemption.
    /// </summary>
    internal int ReachedTokens { get; set; }

    internal RequestId Id { get; set; }
}
