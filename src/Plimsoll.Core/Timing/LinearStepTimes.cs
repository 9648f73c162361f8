using System;
using System.Collections.Generic;

namespace Plimsoll.Core.Timing;

/// <summary>
/// Step times by formula, as published for an engine or measured in a few points: piecewise linear in the new
/// tokens, and so much for each token of KV that decodes read and each query-key pair of prompts.
/// </summary>
public sealed class LinearStepTimes : IStepTimes
{
    readonly (int Tokens, long Ns)[] _knots;
    readonly double _contextNs;
    readonly double _pairNs;

    /// <param name="knots">Nanoseconds at so many new tokens, both rising; the last slope
    /// goes on beyond.</param>
    /// <param name="nsPerContextToken">For each token of KV that a decode reads.</param>
    /// <param name="nsPerPair">For each query-key pair of a prompt chunk.</param>
    public LinearStepTimes(
        IReadOnlyList<(int Tokens, long Ns)> knots, double nsPerContextToken, double nsPerPair)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(knots.Count, 2);
        _knots = [.. knots];
        for (var i = 1; i < _knots.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(_knots[i].Tokens, _knots[i - 1].Tokens);
            ArgumentOutOfRangeException.ThrowIfLessThan(_knots[i].Ns, _knots[i - 1].Ns);
        }
        _contextNs = nsPerContextToken;
        _pairNs = nsPerPair;
    }

    public long PredictNs(in StepShape shape) => shape.IsEmpty
        ? 0
        : (long)(TokensNs(shape.Tokens) + (_contextNs * shape.DecodeContextTokens)
            + (_pairNs * shape.PrefillPairs));

    /// <summary>
    /// What a step costs before its first token is fixed, the rest of the tokens' part is theirs alike,
    /// context and pairs are their readers'.
    /// </summary>
    public StepSplit Split(in StepShape shape)
    {
        if (shape.IsEmpty)
            return default;
        var split = new StepSplit
        {
            DecodeContextNs = (long)(_contextNs * shape.DecodeContextTokens),
            PrefillNewContextNs = (long)(_pairNs * shape.PrefillPairs),
        };
        var leftNs = PredictNs(shape) - split.TotalNs;
        var tokensNs = leftNs - Math.Min(leftNs, (long)TokensNs(0));
        split = split with
        {
            PrefillTokensNs = tokensNs * shape.PrefillTokens / shape.Tokens,
            DecodeTokensNs = tokensNs * (shape.Decodes + shape.DraftTokens) / shape.Tokens,
        };
        return split with { FixedNs = leftNs - split.PrefillTokensNs - split.DecodeTokensNs };
    }

    double TokensNs(int tokens)
    {
        var i = 1;
        while (i < _knots.Length - 1 && _knots[i].Tokens < tokens)
            i++;
        var (low, high) = (_knots[i - 1], _knots[i]);
        var slope = (double)(high.Ns - low.Ns) / (high.Tokens - low.Tokens);
        return Math.Max(low.Tokens >= tokens ? low.Ns : 0, low.Ns + (slope * (tokens - low.Tokens)));
    }
}
