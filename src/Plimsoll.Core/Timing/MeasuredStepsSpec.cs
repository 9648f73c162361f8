using System;
using System.Collections.Generic;

namespace Plimsoll.Core.Timing;

/// <summary>
/// Whole steps of one engine as they were timed, where no table of kernels is known: piecewise linear in the
/// new tokens, and so much for each token of KV that decodes read and each query–key pair of prompts.
/// </summary>
/// <param name="Tokens">Knots, rising from 1.</param>
/// <param name="TokensNs">Nanoseconds at each knot, never falling; the last slope goes on beyond.</param>
/// <param name="ContextTokenNs">For each token of KV that a decode reads.</param>
/// <param name="PairNs">For each query–key pair of a prompt chunk.</param>
public sealed record MeasuredStepsSpec(
    IReadOnlyList<int> Tokens, IReadOnlyList<double> TokensNs, double ContextTokenNs, double PairNs)
{
    /// <summary>What is wrong with the knots or the prices; null when nothing is.</summary>
    public string? Fault()
    {
        if (Tokens.Count < 2 || Tokens.Count != TokensNs.Count)
            return $"{Tokens.Count} knots and {TokensNs.Count} times; two or more, one each, are needed";
        for (var i = 0; i < Tokens.Count; i++)
        {
            if (Tokens[i] <= (i == 0 ? 0 : Tokens[i - 1]))
                return $"the knot {Tokens[i]} does not rise";
            if (!(TokensNs[i] >= (i == 0 ? 1 : TokensNs[i - 1]) && TokensNs[i] < 1e15))
                return $"the time of {Tokens[i]} tokens falls";
        }
        return ContextTokenNs is >= 0 and < 1e9 && PairNs is >= 0 and < 1e9
            ? null
            : "a token of context or a pair has an impossible price";
    }

    /// <summary>Nanoseconds of a step of so many new tokens, contexts left out.</summary>
    public double OfTokens(double tokens)
    {
        var i = 1;
        while (i < Tokens.Count - 1 && Tokens[i] < tokens)
            i++;
        var slope = (TokensNs[i] - TokensNs[i - 1]) / (Tokens[i] - Tokens[i - 1]);
        return TokensNs[i - 1] + (slope * (Math.Max(tokens, Tokens[0]) - Tokens[i - 1]));
    }
}
