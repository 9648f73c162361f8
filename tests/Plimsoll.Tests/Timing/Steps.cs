using Plimsoll.Core.Timing;


namespace Plimsoll.Tests.Timing;

/// <summary>Step shapes built from what a scheduler would put in a step.</summary>
static class Steps
{
    public static StepShape Decode(int sequences, long contextEach) => new()
    {
        Decodes = sequences,
        DecodeContextTokens = sequences * contextEach,
        LogitRows = sequences,
    };

    /// <summary>
    /// Equal prompt chunks of which <paramref name="before"/> tokens each are already cached.
    /// </summary>
    public static StepShape Prefill(int chunks, int tokensEach, long before = 0) =>
        With(default, chunks, tokensEach, before);

    public static StepShape With(StepShape shape, int chunks, int tokensEach, long before)
    {
        var end = before + tokensEach;
        return shape with
        {
            PrefillChunks = chunks,
            PrefillTokens = chunks * tokensEach,
            PrefillPairs = chunks * ((tokensEach * end) - ((long)tokensEach * (tokensEach - 1) / 2)),
            PrefillContextTokens = chunks * end,
            LogitRows = shape.LogitRows + chunks,
        };
    }
}
