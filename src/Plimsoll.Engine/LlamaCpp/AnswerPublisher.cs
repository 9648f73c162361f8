using System;
using System.Collections.Generic;
using System.Threading;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>
/// Hands tokens to their readers on a thread of its own: waking a reader costs more than planning a step. The
/// engine's thread copies a step's tokens and rings once; order is kept.
/// </summary>
sealed class AnswerPublisher : IDisposable
{
    readonly Lock _gate = new();
    readonly AutoResetEvent _ring = new(false);
    readonly Thread _thread;
    List<(Answer Answer, AnswerToken Token)> _filled = [];
    List<(Answer Answer, AnswerToken Token)> _drained = [];
    bool _stops;

    public AnswerPublisher()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "answers" };
        _thread.Start();
    }

    /// <summary>Called once for all tokens of a step.</summary>
    public void Publish(ReadOnlySpan<DrawnToken> tokens)
    {
        if (tokens.IsEmpty)
            return;
        lock (_gate)
        {
            foreach (ref readonly var drawn in tokens)
                _filled.Add((drawn.Sequence.Answer, drawn.Token));
        }
        _ring.Set();
    }

    public void Publish(Answer answer, in AnswerToken token)
    {
        lock (_gate)
            _filled.Add((answer, token));
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
                (_filled, _drained) = (_drained, _filled);
                stops = _stops;
            }
            foreach (var (answer, token) in _drained)
            {
                answer.Writer.TryWrite(token);
                if (token.Finish != FinishReason.None)
                    answer.Writer.TryComplete();
            }
            var any = _drained.Count > 0;
            _drained.Clear();
            if (stops && !any)
                return;
            if (!any)
                _ring.WaitOne();
        }
    }
}
