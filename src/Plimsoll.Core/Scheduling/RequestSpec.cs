using System;

namespace Plimsoll.Core.Scheduling;

/// <summary>
/// What a scheduler may know of a request when it arrives. The length of the answer is not among it: that
/// arrives in <see cref="StepOutcome"/>, token by token. Deadlines and the adapter of a class-aware policy
/// belong here too, beside <see cref="Class"/>.
/// </summary>
public readonly record struct RequestSpec
{
    public required int PromptTokens { get; init; }

    /// <summary>Most tokens the answer may have.</summary>
    public required int MaxOutputTokens { get; init; }

    public ServiceClass Class { get; init; }

    /// <summary>Lower goes first, as in vLLM; only the priority order looks at it.</summary>
    public int Priority { get; init; }

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
