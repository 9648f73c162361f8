namespace Plimsoll.Core.Timing;

/// <summary>
/// What one engine step computes, reduced to the sums that decide how long it takes. Everything is kept
/// incrementally by the scheduler, so a step costs the same to describe at 1 sequence and at 1,000.
/// </summary>
public readonly record struct StepShape
{
    /// <summary>Sequences that decode one token.</summary>
    public int Decodes { get; init; }

    /// <summary>Sum over decoding sequences of the KV length read, tokens, the new token included.</summary>
    public long DecodeContextTokens { get; init; }

    /// <summary>Prompt chunks in this step.</summary>
    public int PrefillChunks { get; init; }

    /// <summary>New tokens of all prompt chunks.</summary>
    public int PrefillTokens { get; init; }

    /// <summary>
    /// Query–key pairs of all prompt chunks: Σ c·(k − (c − 1)/2) for c new tokens ending at KV length k.
    /// </summary>
    public long PrefillPairs { get; init; }

    /// <summary>Sum over prompt chunks of the KV length at their end, tokens.</summary>
    public long PrefillContextTokens { get; init; }

    /// <summary>Rows of logits: decodes plus chunks that end their prompt.</summary>
    public int LogitRows { get; init; }

    /// <summary>All new tokens of the step.</summary>
    public int Tokens => Decodes + PrefillTokens;

    public bool IsEmpty => Decodes == 0 && PrefillChunks == 0;
}
