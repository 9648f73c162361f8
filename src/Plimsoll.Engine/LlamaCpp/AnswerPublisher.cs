using System;
using System.Collections.Generic;
using System.Threading;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>
/// Hands tokens to their readers on a thread of its own: waking a reader, and finding a token's text, costs
/// more than planning a step. The engine's thread leaves a step's tokens as they are and rings once; order is
/// kept.
/// </summary>
sealed class AnswerPublisher : IDisposable
{
    /// <summary>All tokens of a step, or the end of one answer.</summary>
    readonly record struct Letter(
        List<DrawnToken>? Tokens, long TimeNs, long Step, Answer? Ended = null, AnswerToken End = default);

    readonly Lock _gate = new();
    readonly AutoResetEvent _ring = new(false);
    readonly Thread _thread;
    readonly Stack<List<DrawnToken>> _spare = [];
    List<Letter> _filled = [];
    List<Letter> _drained = [];
    bool _stops;

    public AnswerPublisher()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "answers" };
        _thread.Start();
    }

    /// <summary>Takes a step's tokens over; gives an empty list for the next step's.</summary>
    public List<DrawnToken> Publish(List<DrawnToken> tokens, long timeNs, long step)
    {
        if (tokens.Count == 0)
            return tokens;
        List<DrawnToken> empty;
        lock (_gate)
        {
            _filled.Add(new Letter(tokens, timeNs, step));
            empty = _spare.Count > 0 ? _spare.Pop() : new List<DrawnToken>(tokens.Count);
        }
        _ring.Set();
        return empty;
    }

    public void Publish(Answer answer, in AnswerToken end)
    {
        lock (_gate)
            _filled.Add(new Letter(null, 0, 0, answer, end));
        _ring.Set();
    }

    /// <summary>Everything that was published reaches its reader first.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_stops)
                return;
            _stops = true;
        }
        _ring.Set();
        _thread.Join();
        _ring.Dispose();
    }

    void Run()
    {
        while (true)
        {
            bool stops;
            lock (_gate)
            {
                foreach (var letter in _drained)
                {
                    if (letter.Tokens is { } tokens)
                        _spare.Push(tokens);
                }
                _drained.Clear();
                (_filled, _drained) = (_drained, _filled);
                stops = _stops;
            }
            foreach (var letter in _drained)
                Deliver(letter);
            if (_drained.Count > 0)
                continue;
            if (stops)
                return;
            _ring.WaitOne();
        }
    }

    static void Deliver(in Letter letter)
    {
        if (letter.Tokens is not { } tokens)
        {
            Deliver(letter.Ended!, letter.End);
            return;
        }
        foreach (var drawn in tokens)
        {
            if (drawn.Finish == FinishReason.Refused)
            {
                drawn.Sequence.Answer.Refuse(new Refusal(drawn.Text!, RefusalKind.BadRequest)
                {
                    Parameter = drawn.Sequence.Request.Format?.Parameter,
                });
                continue;
            }
            Deliver(drawn.Sequence.Answer, new AnswerToken
            {
                Token = drawn.Chosen.Token,
                Text = drawn.Text ?? drawn.Sequence.TextOf(drawn.Chosen.Token, drawn.Finish),
                TimeNs = letter.TimeNs,
                Step = letter.Step,
                Finish = drawn.Finish,
                Logprob = drawn.Chosen.Logprob,
                TopLogprobs = drawn.Chosen.Top,
            });
        }
        tokens.Clear();
    }

    static void Deliver(Answer answer, in AnswerToken token)
    {
        answer.Writer.TryWrite(token);
        if (token.Finish != FinishReason.None)
            answer.Writer.TryComplete();
    }
}
