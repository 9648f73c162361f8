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

    /// <summary>The step with more decodes, reading so many tokens of KV together; fewer when negative.</summary>
    public StepShape PlusDecodes(int decodes, long contextTokens) => this with
    {
        Decodes = Decodes + decodes,
        DecodeContextTokens = DecodeContextTokens + contextTokens,
        LogitRows = LogitRows + decodes,
    };

    /// <summary>The step with another prompt chunk: new tokens after those whose KV exists.</summary>
    public StepShape PlusChunk(int start, int tokens, bool endsPrompt) => this with
    {
        PrefillChunks = PrefillChunks + 1,
        PrefillTokens = PrefillTokens + tokens,
        PrefillPairs = PrefillPairs + Pairs(start, tokens),
        PrefillContextTokens = PrefillContextTokens + start + tokens,
        LogitRows = LogitRows + (endsPrompt ? 1 : 0),
    };

    /// <summary>The step without a chunk that it has.</summary>
    public StepShape MinusChunk(int start, int tokens, bool endsPrompt) => this with
    {
        PrefillChunks = PrefillChunks - 1,
        PrefillTokens = PrefillTokens - tokens,
        PrefillPairs = PrefillPairs - Pairs(start, tokens),
        PrefillContextTokens = PrefillContextTokens - start - tokens,
        LogitRows = LogitRows - (endsPrompt ? 1 : 0),
    };

    static long Pairs(long start, long tokens) => (tokens * (start + tokens)) - (tokens * (tokens - 1) / 2);
}
