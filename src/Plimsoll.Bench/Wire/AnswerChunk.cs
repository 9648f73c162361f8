namespace Plimsoll.Bench.Wire;

/// <summary>
/// What one event of a streamed answer, or a whole answer, says. Counts are -1 where it says nothing.
/// </summary>
struct AnswerChunk
{
    public AnswerChunk()
    {
    }

    /// <summary>Whether it brings text, reasoning or a piece of a tool call.</summary>
    public bool HasText;

    public FinishReason Finish;

    /// <summary>Tokens of the prompt, cached ones included.</summary>
    public int PromptTokens = -1;

    /// <summary>Tokens of the answer so far, reasoning included.</summary>
    public int OutputTokens = -1;

    public int CachedTokens = -1;

    public int ReasoningTokens = -1;

    /// <summary>
    /// Whether a count is none: below zero, a fraction, beyond what an int holds, no number.
    /// </summary>
    public bool HasImpossibleCount;

    /// <summary>What went wrong on the other side; null when nothing did.</summary>
    public string? Error;

    /// <summary>Whether the stream says that the answer is whole: <c>response.completed</c>.</summary>
    public bool IsLast;
}
