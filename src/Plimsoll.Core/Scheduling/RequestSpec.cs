using System;

namespace Plimsoll.Core.Scheduling;

/// <summary>
/// What a scheduler may know of a request when it arrives. The length of the answer is not among it: that
/// arrives in <see cref="StepOutcome"/>, token by token.
/// </summary>
public readonly record struct RequestSpec
{
    public required int PromptTokens { get; init; }

    /// <summary>Most tokens the answer may have.</summary>
    public required int MaxOutputTokens { get; init; }

    /// <summary>
    /// When the request arrived, nanoseconds of the scheduler's clock, if that was before it is added;
    /// deadlines count from here.
    /// </summary>
    public long? ArrivalNs { get; init; }

    /// <summary>Place of its level in <see cref="SchedulerOptions.Levels"/>.</summary>
    public int Level { get; init; }

    /// <summary>The adapter that computes it; 0 for the base model.</summary>
    public int Adapter { get; init; }

    /// <summary>Whose request it is; tenants of one level share it by their weights.</summary>
    public int Tenant { get; init; }

    /// <summary>Weight of its tenant inside the level.</summary>
    public int TenantWeight { get; init; }

    /// <summary>Time to the first token, nanoseconds; null for the level's.</summary>
    public long? TtftNs { get; init; }

    /// <summary>Gap between tokens, nanoseconds; null for the level's.</summary>
    public long? ItlNs { get; init; }

    /// <summary>Time to the last token, nanoseconds; null for the level's.</summary>
    public long? CompletionNs { get; init; }

    /// <summary>
    /// Lower goes first, as in vLLM; only the priority order looks at it. Null for the level's.
    /// </summary>
    public int? Priority { get; init; }

    /// <summary>
    /// Keys of the prompt's whole leading blocks of <see cref="SchedulerOptions.PrefixBlockTokens"/> tokens,
    /// each naming its block and all blocks before it.
    /// </summary>
    public ReadOnlyMemory<ulong> PrefixKeys { get; init; }

    /// <summary>
    /// Tokens whose KV arrives with the request, from a prefill pool; less than
    /// <see cref="PromptTokens"/>, so that at least one token is left to compute.
    /// </summary>
    public int TransferredTokens { get; init; }
}
