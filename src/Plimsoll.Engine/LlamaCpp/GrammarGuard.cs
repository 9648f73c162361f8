using System;
using Plimsoll.Engine.Grammars;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>
/// Holds one answer to a grammar. A token is drawn freely and checked, which costs a microsecond; the grammar
/// looks over the whole vocabulary only when it refuses. Not libllama's own: that one neither merges the ways
/// in which a text may be read nor can it be stopped, so that one request's grammar could hold everybody up.
/// </summary>
sealed class GrammarGuard(LlamaTokenizer tokenizer, GbnfGrammar grammar)
{
    readonly GrammarWalk _walk = new(new GrammarMachine(grammar));
    readonly int[] _points = new int[tokenizer.Order.LongestBytes + 1];

    /// <summary>Whether the grammar lets the answer go on with this token.</summary>
    public bool Allows(int token) => tokenizer.IsEnd(token) ? _walk.CanEnd : After(token) > 0;

    /// <summary>
    /// Copies logits, those of forbidden tokens as minus infinity. False when nothing is allowed.
    /// </summary>
    public bool Mask(ReadOnlySpan<float> logits, Span<float> masked)
    {
        masked[..logits.Length].Fill(float.NegativeInfinity);
        var any = false;
        foreach (var end in _walk.CanEnd ? tokenizer.Order.Ends : [])
        {
            masked[end] = logits[end];
            any |= !float.IsNegativeInfinity(logits[end]);
        }
        _points[0] = _walk.At;
        // Tokens that begin alike lie side by side: what they share is walked once.
        var deadAt = int.MaxValue;
        foreach (var (token, shared) in tokenizer.Order.Tokens)
        {
            if (shared >= deadAt)
                continue;
            deadAt = int.MaxValue;
            var bytes = tokenizer.Bytes(token);
            for (var i = shared; i < bytes.Length && deadAt == int.MaxValue; i++)
            {
                _points[i + 1] = _walk.Next(_points[i], bytes[i]);
                deadAt = _points[i + 1] > 0 ? int.MaxValue : i + 1;
            }
            if (deadAt < int.MaxValue)
                continue;
            masked[token] = logits[token];
            any |= !float.IsNegativeInfinity(logits[token]);
        }
        return any;
    }

    /// <summary>The answer goes on with this token, which must be allowed.</summary>
    public void Accept(int token)
    {
        if (tokenizer.IsEnd(token))
            return;
        var point = After(token);
        if (point <= 0)
            throw new InvalidOperationException($"token {token} is not what the grammar allows");
        _walk.Rest(point);
        _walk.Tidy();
    }

    /// <summary>Where a token leads; a token without text leads nowhere.</summary>
    int After(int token)
    {
        var bytes = tokenizer.Bytes(token);
        var point = bytes.Length > 0 ? _walk.At : 0;
        foreach (var value in bytes)
            point = _walk.Next(point, value);
        return point;
    }
}
