using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Core.Draws;
using Plimsoll.Tuning.Evaluation;

namespace Plimsoll.Tuning.Drafts;

/// <summary>What a drafter is worth on a release's answers.</summary>
/// <param name="Drafter">n-gram, suffix, model.</param>
/// <param name="DraftTokens">Tokens guessed a step, at most.</param>
/// <param name="TokensPerStep">Its ends are 90 %, by drawing the answers again.</param>
public sealed record DraftAcceptance(
    string Drafter, int DraftTokens, int Answers, long Steps, long Tokens, Interval TokensPerStep)
{
    public const string NGram = "n-gram";
    public const string Suffix = "suffix";
    public const string Model = "model";

    const int Draws = 2000;

    /// <exception cref="BadInputException">No answer has a second token: nothing can be guessed.</exception>
    public static DraftAcceptance Of(string drafter, int draftTokens, IReadOnlyList<DraftRun> runs)
    {
        var (steps, tokens) = (runs.Sum(r => (long)r.Steps), runs.Sum(r => (long)r.Tokens));
        if (steps == 0)
        {
            throw new BadInputException(
                "drafts: no answer has a second token; expected answers that a step could carry further");
        }
        var random = new RandomStream(seed: 1, purpose: 0xd2af7);
        var ratios = new List<double>(Draws);
        for (var draw = 0; draw < Draws; draw++)
        {
            var (s, t) = (0L, 0L);
            for (var i = 0; i < runs.Count; i++)
            {
                var run = runs[random.NextBelow(runs.Count)];
                s += run.Steps;
                t += run.Tokens;
            }
            if (s > 0)
                ratios.Add(t / (double)s);
        }
        ratios.Sort();
        return new DraftAcceptance(drafter, draftTokens, runs.Count, steps, tokens,
            new Interval(tokens / (double)steps, At(ratios, 0.05), At(ratios, 0.95)));
    }

    static double At(List<double> sorted, double share) => sorted[(int)(share * (sorted.Count - 1))];
}
