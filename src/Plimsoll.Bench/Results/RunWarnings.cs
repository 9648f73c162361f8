using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace Plimsoll.Bench.Results;

/// <summary>What makes a run's figures say less than they seem to, one line each.</summary>
static class RunWarnings
{
    /// <summary>
    /// Of the prompt tokens: blocks that end elsewhere than the load's, chance repetitions.
    /// </summary>
    const double CachedTolerance = 0.02;

    public static IReadOnlyList<string> Of(BenchResult result) =>
    [
        .. result.Levels.SelectMany(level => Level(level, result.Levels.Count > 1 ? $"{level.Name}: " : "")),
    ];

    static IEnumerable<string> Level(LevelReport level, string name)
    {
        if (level is { CachedShare: { } cached, SharedShare: { } shared }
            && cached > shared + CachedTolerance)
        {
            yield return name + string.Create(CultureInfo.InvariantCulture,
                $"the endpoint had {100 * cached:0.#} % of the prompt tokens cached, and the load itself ")
                + string.Create(CultureInfo.InvariantCulture,
                $"shares no more than {100 * shared:0.#} %: the rest was sent before this run, and these ")
                + "latencies and dollars are those of a warm cache";
        }
        if (level.UsageFaults.Count > 0)
        {
            yield return $"{name}counts of tokens that cannot be: " + string.Join(", ",
                level.UsageFaults.Select(f => string.Create(CultureInfo.InvariantCulture,
                    $"{f.Count:N0} {f.Kind} ({f.Example})")))
                + "; they are not used: of these answers a chunk counts as a token";
        }
        if (!level.KnowsPromptTokens)
        {
            yield return $"{name}prompt tokens are not known: the endpoint counts none, and the prompts are "
                + "a file's; no cost per token is stated";
        }
    }
}
