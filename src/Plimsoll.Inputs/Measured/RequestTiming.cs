using System;
using Plimsoll.Core;

namespace Plimsoll.Inputs.Measured;

/// <summary>One served request as it was timed, nanoseconds.</summary>
/// <param name="StartNs">When it arrived or was sent, on the clock of its run.</param>
/// <param name="PromptTokens">Prompt length.</param>
/// <param name="OutputTokens">Answer length.</param>
/// <param name="TtftNs">Start to first token.</param>
/// <param name="E2eNs">Start to last token.</param>
public readonly record struct RequestTiming(
    double StartNs, int PromptTokens, int OutputTokens, double TtftNs, double E2eNs)
{
    const int MostTokens = 100_000_000;

    /// <summary>A century, so that times can be counted in nanoseconds.</summary>
    const double MostNs = 3.2e18;

    /// <summary>Gaps between tokens, seconds; null where only their sum is known.</summary>
    public double[]? GapsS { get; init; }

    /// <summary>Time per output token after the first; null for an answer of one token.</summary>
    public double? TpotNs => OutputTokens > 1 ? (E2eNs - TtftNs) / (OutputTokens - 1) : null;

    /// <summary>Checks a request of a file; <paramref name="where"/> names file and line.</summary>
    public RequestTiming Checked(string where)
    {
        if (PromptTokens < 1 || OutputTokens < 1)
            throw Bad($"{PromptTokens} prompt and {OutputTokens} output tokens", "at least one of each");
        if (PromptTokens > MostTokens || OutputTokens > MostTokens)
        {
            throw Bad($"{PromptTokens} prompt and {OutputTokens} output tokens", FormattableString.Invariant(
                $"at most {MostTokens} of each"));
        }
        if (!(Math.Abs(StartNs) < MostNs))
            throw Bad("the start is no time", "a number of seconds within a century");
        if (!(TtftNs > 0 && double.IsFinite(TtftNs)))
        {
            throw Bad(
                FormattableString.Invariant($"first token {TtftNs / 1e6:0.###} ms after the start"),
                "a time above 0");
        }
        if (!(E2eNs >= TtftNs && double.IsFinite(E2eNs)))
        {
            throw Bad(
                FormattableString.Invariant($"last token {(TtftNs - E2eNs) / 1e6:0.###} ms before the first"),
                "it after the first");
        }
        return E2eNs < MostNs ? this : throw Bad("an answer of more than a century", "less");

        BadInputException Bad(string what, string expected) =>
            new($"{where}: impossible timing, {what}; expected {expected}");
    }
}
