using System;
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

    /// <summary>Share of the rate asked for below which a run is told to be another load.</summary>
    const double FewestDue = 0.8;

    /// <summary>Standard errors of a Poisson count that are chance.</summary>
    const double Chance = 3;

    public static IReadOnlyList<string> Of(BenchResult result) =>
    [
        .. Load(result),
        .. result.Levels.SelectMany(level => Level(
            level, result.Levels.Count > 1 ? $"{level.Name}: " : "", result.Choices)),
    ];

    static IEnumerable<string> Load(BenchResult result)
    {
        if (result is { Completed: 0, Failed: 0, InWarmup: > 0 and var spent })
        {
            yield return spent == 1 ? "the one request that was sent was due in the warm-up"
                : $"all {spent:N0} requests were due in the warm-up, of which nothing is measured";
        }
        if (result is { RequestRate: { } asked, DueRate: { } due })
        {
            var requests = result.Completed + result.Failed;
            var error = due > 0 ? due / Math.Sqrt(requests) : 0;
            if (due + (Chance * error) < FewestDue * asked)
            {
                yield return string.Create(CultureInfo.InvariantCulture,
                    $"{due:0.##} requests/s were due of the {asked:0.##} asked for: sessions begin one ")
                    + "after another and bursts come when they come, so that a longer run comes nearer";
            }
        }
        if (result.Choices > 1)
        {
            yield return $"each request asked for {result.Choices} answers at once: TPOT and ITL are of all "
                + "of them together";
        }
    }

    static IEnumerable<string> Level(LevelReport level, string name, int choices)
    {
        // The later of several answers to one request find the first one's prompt.
        if (choices == 1 && level is { CachedShare: { } cached, SharedShare: { } shared }
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
