namespace Plimsoll.Engine.LlamaCpp;

/// <summary>Counters of an engine that computes, since its start.</summary>
/// <param name="AbortedSteps">Steps cut short for somebody who arrived.</param>
/// <param name="DraftedTokens">Tokens guessed.</param>
/// <param name="AcceptedDrafts">Of those, the right ones.</param>
/// <param name="Pauses">Tokens that decoding requests went without, their KV kept in place.</param>
/// <param name="Swaps">Times that a request's KV was moved out.</param>
/// <param name="SwappedBytes">KV kept outside now.</param>
/// <param name="ComputeNs">Time inside libllama, nanoseconds.</param>
/// <param name="DrawNs">Time of drawing tokens from logits, nanoseconds.</param>
public readonly record struct LlamaCounters(
    long AbortedSteps, long DraftedTokens, long AcceptedDrafts, long Pauses, long Swaps, long SwappedBytes,
    long ComputeNs, long DrawNs);
