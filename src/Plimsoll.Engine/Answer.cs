using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Channels;

namespace Plimsoll.Engine;

public enum FinishReason : byte
{
    None,
    Stop,
    Length,
    Cancelled,

    /// <summary>The engine failed; <see cref="AnswerToken.Text"/> says how.</summary>
    Failed,

    /// <summary>The connection is to be cut without a word: an injected fault.</summary>
    Dropped,

    /// <summary>What the request asks turned out to be impossible; no reader sees it: the answer's
    /// <see cref="Answer.Refusal"/> says it.</summary>
    Refused,
}

/// <summary>One token of an answer, or its end.</summary>
public readonly record struct AnswerToken
{
    /// <summary>Id in the model's vocabulary; negative for an end without a token.</summary>
    public required int Token { get; init; }

    /// <summary>What the token adds to the text; empty while a character is incomplete.</summary>
    public required string Text { get; init; }

    /// <summary>When its step ended, nanoseconds on the engine's clock.</summary>
    public required long TimeNs { get; init; }

    /// <summary>Serial of the step that made it.</summary>
    public required long Step { get; init; }

    public FinishReason Finish { get; init; }

    /// <summary>Natural logarithm of its probability; 0 when not asked for.</summary>
    public float Logprob { get; init; }

    public IReadOnlyList<TokenLogprob>? TopLogprobs { get; init; }
}

/// <summary>An alternative to a token.</summary>
public readonly record struct TokenLogprob(int Token, string Text, float Logprob);

/// <summary>Why an engine does not take a request.</summary>
/// <param name="Message">One line: what, and what was expected.</param>
/// <param name="Kind">Whose fault it is.</param>
/// <param name="RetryAfterNs">When the same request would be taken, predicted; null when never.</param>
public sealed record Refusal(string Message, RefusalKind Kind, long? RetryAfterNs = null)
{
    /// <summary>The request's parameter that it is about; null for the prompt.</summary>
    public string? Parameter { get; init; }
}

public enum RefusalKind : byte
{
    /// <summary>The request can never be served: HTTP 400.</summary>
    BadRequest,

    /// <summary>Unknown model or adapter: HTTP 404.</summary>
    NotFound,

    /// <summary>The promise cannot be kept now: HTTP 429.</summary>
    Overloaded,

    /// <summary>The engine is down: HTTP 503.</summary>
    Unavailable,
}

/// <summary>
/// An answer in the making: the engine writes, one reader reads. The last token has a
/// <see cref="AnswerToken.Finish"/>; nothing follows it.
/// </summary>
public sealed class Answer
{
    static readonly UnboundedChannelOptions _oneToOne = new() { SingleReader = true, SingleWriter = true };

    readonly Channel<AnswerToken> _tokens = Channel.CreateUnbounded<AnswerToken>(_oneToOne);
    readonly Action<Answer>? _cancel;
    int _cancelled;

    /// <param name="promptTokens">Tokens of the prompt.</param>
    /// <param name="submittedNs">When it was submitted, nanoseconds on the engine's clock.</param>
    /// <param name="cancel">Tells the engine that nobody reads any more; called once at most.</param>
    public Answer(int promptTokens, long submittedNs, Action<Answer> cancel)
    {
        PromptTokens = promptTokens;
        SubmittedNs = submittedNs;
        _cancel = cancel;
    }

    Answer(Refusal refusal)
    {
        Refusal = refusal;
        _tokens.Writer.Complete();
    }

    public static Answer Refused(Refusal refusal) => new(refusal);

    /// <summary>
    /// Why there will be no token, or none any more; null when the request was taken. What turns out only
    /// later, as a scheduler's verdict at the next step or a grammar that is too ambiguous, ends the
    /// channel without a last token.
    /// </summary>
    public Refusal? Refusal { get; private set; }

    /// <summary>Taken in, but below the level asked for: the level it is served at; null otherwise.</summary>
    public string? RelegatedTo { get; set; }

    public int PromptTokens { get; }

    public long SubmittedNs { get; }

    /// <summary>Prompt tokens that the prefix cache gave; known with the first token.</summary>
    public int CachedTokens { get; set; }

    public ChannelReader<AnswerToken> Tokens => _tokens.Reader;

    /// <summary>The engine's end of the channel.</summary>
    public ChannelWriter<AnswerToken> Writer => _tokens.Writer;

    /// <summary>The engine's verdict when it comes after submission, before any token.</summary>
    public void Refuse(Refusal refusal)
    {
        Refusal = refusal;
        _tokens.Writer.TryComplete();
    }

    /// <summary>
    /// Stops the work; a last token with <see cref="FinishReason.Cancelled"/> may still come.
    /// </summary>
    public void Cancel()
    {
        if (Interlocked.Exchange(ref _cancelled, 1) == 0)
            _cancel?.Invoke(this);
    }
}
