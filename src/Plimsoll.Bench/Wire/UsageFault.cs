using System;

namespace Plimsoll.Bench.Wire;

/// <summary>Why an answer's count of tokens cannot be: such a count reaches no sum and no dollar.</summary>
public enum UsageFault : byte
{
    None,

    /// <summary>Below zero, a fraction, no number, or beyond two thousand million.</summary>
    Impossible,

    /// <summary>A later count of the answer is below an earlier one.</summary>
    Falling,

    /// <summary>More tokens of the prompt than the request had bytes.</summary>
    PromptBeyondRequest,

    /// <summary>More of them cached than the prompt has.</summary>
    CachedBeyondPrompt,

    /// <summary>A longer answer than was asked for at most.</summary>
    OutputBeyondLimit,

    /// <summary>The answer came in more pieces than it is said to have tokens.</summary>
    FewerThanChunks,
}

public static class UsageFaults
{
    /// <summary>
    /// Beyond the bytes of a request: what a server puts before it, and pictures by URL, which are few bytes.
    /// </summary>
    const int UnseenPromptTokens = 32_768;

    /// <summary>Of an answer whose request states no length; no context is longer.</summary>
    const int MostUnaskedTokens = 1 << 22;

    /// <summary>Pieces that bring no token of their own: the head of a tool call, half a character.</summary>
    const int TokenlessChunks = 4;
    const double TokenlessShare = 0.1;

    /// <summary>In results: lower case, words joined.</summary>
    public static string Name(this UsageFault fault) => fault switch
    {
        UsageFault.None => "none",
        UsageFault.Impossible => "impossible_number",
        UsageFault.Falling => "falling",
        UsageFault.PromptBeyondRequest => "prompt_beyond_request",
        UsageFault.CachedBeyondPrompt => "cached_beyond_prompt",
        UsageFault.OutputBeyondLimit => "output_beyond_limit",
        _ => "fewer_than_chunks",
    };

    /// <summary>By its name; one that is not known is an impossible number.</summary>
    public static UsageFault Find(string name)
    {
        foreach (var fault in Enum.GetValues<UsageFault>())
        {
            if (fault.Name() == name)
                return fault;
        }
        return UsageFault.Impossible;
    }

    /// <summary>Finds a fault in a finished answer's counts and, where there is one, drops them.</summary>
    /// <param name="record">With whatever the endpoint said.</param>
    /// <param name="requestBytes">Of its body.</param>
    /// <param name="choices">Answers that were asked for at once.</param>
    internal static void Check(RequestRecord record, int requestBytes, int choices)
    {
        // Several answers at once are counted each for itself, in turn.
        if (record.Usage == UsageFault.Falling && choices > 1)
            record.Usage = UsageFault.None;
        if (record.Usage == UsageFault.None)
            record.Usage = Fault(record, requestBytes, choices);
        if (record.Usage != UsageFault.None)
            record.CountChunks();
    }

    internal static UsageFault Fault(RequestRecord record, int requestBytes, int choices)
    {
        if (record.PromptTokens > requestBytes + UnseenPromptTokens)
            return UsageFault.PromptBeyondRequest;
        if (record.SaysCached && record.PromptTokens > 0 && record.CachedTokens > record.PromptTokens)
            return UsageFault.CachedBeyondPrompt;
        if (!record.HasUsage)
            return UsageFault.None;
        var most = record.AskedOutputTokens > 0 ? record.AskedOutputTokens : MostUnaskedTokens;
        if (record.OutputTokens > (long)most * Math.Max(1, choices))
        {
            return UsageFault.OutputBeyondLimit;
        }
        return record.Chunks > TokenlessChunks + (1 + TokenlessShare) * record.OutputTokens
            ? UsageFault.FewerThanChunks : UsageFault.None;
    }
}
