using System;
using System.Collections.Generic;
using System.Linq;

namespace Plimsoll.Tuning.Drafts;

/// <summary>A prompt and the answer that a release gave to it, its end included, in tokens.</summary>
public sealed record DraftText(int[] Prompt, int[] Answer);

/// <summary>One answer decoded with guesses: the tokens after its first, and the steps they took.</summary>
public readonly record struct DraftRun(int Steps, int Tokens);

/// <summary>
/// Greedy decoding with guesses, replayed on a known answer: each step verifies a guess, keeps what agrees
/// and adds one token of its own. The prompt's step gives the first token without a guess.
/// </summary>
public static class DraftReplay
{
    /// <param name="guess">Tokens that may follow the given ones, at most so many; null: none.</param>
    public static DraftRun Run(DraftText text, int most, Func<List<int>, int, int[]?> guess)
    {
        var answer = text.Answer;
        var seen = new List<int>([.. text.Prompt, .. answer.Take(1)]);
        var steps = 0;
        for (var at = 1; at < answer.Length; steps++)
        {
            var advanced = Advance(answer, at, guess(seen, most) ?? []);
            seen.AddRange(answer.AsSpan(at, advanced));
            at += advanced;
        }
        return new DraftRun(steps, Math.Max(0, answer.Length - 1));
    }

    /// <returns>Tokens that one step at this place yields: 1 to the guess's length + 1.</returns>
    public static int Advance(int[] answer, int at, int[] guess)
    {
        var accepted = 0;
        while (accepted < guess.Length && at + accepted < answer.Length
            && guess[accepted] == answer[at + accepted])
        {
            accepted++;
        }
        return Math.Min(accepted + 1, answer.Length - at);
    }
}
