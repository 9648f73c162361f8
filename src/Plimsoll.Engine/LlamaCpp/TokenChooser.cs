using System;
using System.Collections.Generic;
using Plimsoll.Engine.Grammars;
using Plimsoll.Engine.Sampling;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>A token that was drawn, and what was asked to be known of it.</summary>
readonly record struct ChosenToken(int Token, float Logprob, TokenLogprob[]? Top);

/// <summary>
/// Draws a sequence's next token: its sampler, its grammar, and the tokens that may not end it yet.
/// </summary>
sealed class TokenChooser
{
    /// <summary>In place of a token where no logit is a finite number.</summary>
    public const int NoNumbers = -2;

    /// <summary>In place of a token where the grammar cannot be followed.</summary>
    public const int TooCostly = -3;

    readonly LlamaTokenizer _tokenizer;
    readonly SamplingScratch _scratch;
    readonly float[] _masked;
    readonly float[] _within;
    readonly int[] _ends;

    public TokenChooser(LlamaTokenizer tokenizer)
    {
        _tokenizer = tokenizer;
        _scratch = new SamplingScratch(tokenizer.Size);
        _masked = new float[tokenizer.Size];
        _within = new float[tokenizer.Size];
        var ends = new List<int>();
        for (var token = 0; token < tokenizer.Size; token++)
        {
            if (tokenizer.IsEnd(token))
                ends.Add(token);
        }
        _ends = [.. ends];
    }

    /// <summary>
    /// The next token; -1 where the grammar allows nothing more, <see cref="NoNumbers"/> or
    /// <see cref="TooCostly"/> where there can be none.
    /// </summary>
    public ChosenToken Choose(Sequence sequence, ReadOnlySpan<float> logits)
    {
        var token = Draw(sequence, logits);
        if (token < 0 || sequence.Request.TopLogprobs is not { } count)
            return new ChosenToken(token, 0, null);
        var normaliser = LogProbabilities.Normaliser(logits, _scratch);
        return new ChosenToken(token, logits[token] - normaliser, LogProbabilities.Top(
            logits, count, normaliser, other => _tokenizer.Decode([other])));
    }

    int Draw(Sequence sequence, ReadOnlySpan<float> logits)
    {
        var mayNotEnd = sequence.Emitted < sequence.Request.MinOutputTokens && !sequence.Request.IgnoreEos;
        var allowed = logits;
        if (mayNotEnd)
        {
            logits.CopyTo(_masked);
            foreach (var end in _ends)
                _masked[end] = float.NegativeInfinity;
            allowed = _masked;
        }
        var token = sequence.Sampler.Draw(allowed, _scratch);
        if (token < 0)
            return NoNumbers;
        if (sequence.Grammar is not { } grammar)
            return token;
        try
        {
            return grammar.Allows(token) ? token : DrawWithin(grammar, sequence, allowed);
        }
        catch (GrammarTooCostlyException)
        {
            return TooCostly;
        }
    }

    int DrawWithin(GrammarGuard grammar, Sequence sequence, ReadOnlySpan<float> allowed)
    {
        if (!grammar.Mask(allowed, _within))
            return -1;
        var token = sequence.Sampler.Draw(_within, _scratch);
        return token >= 0 && grammar.Allows(token) ? token : -1;
    }
}
