namespace Plimsoll.Core.Timing;

/// <summary>
/// What one engine step computes, reduced to the sums that decide how long it takes. Everything is kept
/// incrementally by the scheduler, so a step costs the same to describe at 1 sequence and at 1,000.
/// </summary>
public record struct StepShape
{
    /// <summary>Sequences that decode one token.</summary>
    public int Decodes { get; set; }

    /// <summary>Sum over decoding sequences of the KV length read, tokens, the new token included.</summary>
    public long DecodeContextTokens { get; set; }

    /// <summary>Prompt chunks in this step.</summary>
    public int PrefillChunks { get; set; }

    /// <summary>New tokens of all prompt chunks.</summary>
    public int PrefillTokens { get; set; }

    /// <summary>
    /// Query–key pairs of all prompt chunks: Σ c·(k − (c − 1)/2) for c new tokens ending at KV length k.
    /// </summary>
    public long PrefillPairs { get; set; }

    /// <summary>Sum over prompt chunks of the KV length at their end, tokens.</summary>
    public long PrefillContextTokens { get; set; }

    /// <summary>Drafts verified with the decodes' tokens, each a token and a row of logits more.</summary>
    public int DraftTokens { get; set; }

    /// <summary>Patches of images that this step encodes; known to who executes it.</summary>
    public long EncoderPatches { get; set; }

    /// <summary>Pairs of patches within their tiles, Σ N².</summary>
    public long EncoderPairs { get; set; }

    /// <summary>Prompt tokens that come out of the encoder.</summary>
    public int EncoderTokens { get; set; }

    /// <summary>Rows of logits but the drafts': decodes plus chunks that end their prompt.</summary>
    public int LogitRows { get; set; }

    /// <summary>All new tokens of the step.</summary>
    public readonly int Tokens => Decodes + PrefillTokens + DraftTokens;

    public readonly bool IsEmpty => Decodes == 0 && PrefillChunks == 0;

    /// <summary>More decodes, reading so many tokens of KV together; fewer when negative.</summary>
    public void AddDecodes(int decodes, long contextTokens)
    {
        Decodes += decodes;
        DecodeContextTokens += contextTokens;
        LogitRows += decodes;
    }

    /// <summary>What is left of the step when part of it goes.</summary>
    public readonly StepShape Without(in StepShape part) => new()
    {
        Decodes = Decodes - part.Decodes,
        DecodeContextTokens = DecodeContextTokens - part.DecodeContextTokens,
        PrefillChunks = PrefillChunks - part.PrefillChunks,
        PrefillTokens = PrefillTokens - part.PrefillTokens,
        PrefillPairs = PrefillPairs - part.PrefillPairs,
        PrefillContextTokens = PrefillContextTokens - part.PrefillContextTokens,
        DraftTokens = DraftTokens - part.DraftTokens,
        EncoderPatches = EncoderPatches - part.EncoderPatches,
        EncoderPairs = EncoderPairs - part.EncoderPairs,
        EncoderTokens = EncoderTokens - part.EncoderTokens,
        LogitRows = LogitRows - part.LogitRows,
    };

    /// <summary>Another prompt chunk: new tokens after those whose KV exists.</summary>
    public void AddChunk(int start, int tokens, bool endsPrompt) => Change(1, start, tokens, endsPrompt);

    /// <summary>One chunk less.</summary>
    public void RemoveChunk(int start, int tokens, bool endsPrompt) => Change(-1, start, tokens, endsPrompt);

    void Change(int sign, int start, int tokens, bool endsPrompt)
    {
        PrefillChunks += sign;
        PrefillTokens += sign * tokens;
        PrefillPairs += sign * (((long)tokens * (start + tokens)) - ((long)tokens * (tokens - 1) / 2));
        PrefillContextTokens += sign * ((long)start + tokens);
        LogitRows += endsPrompt ? sign : 0;
    }
}
