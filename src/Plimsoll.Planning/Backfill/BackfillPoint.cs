using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Promises;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Backfill;

/// <summary>What one engine rank did with batch work beside one rate of requests, stream by stream.</summary>
/// <param name="RequestsPerSecond">The rate.</param>
/// <param name="Holds">Whether the promise was kept.</param>
/// <param name="LinesPerSecond">Of each stream.</param>
/// <param name="InteractiveShare">Share of the time that interactive work caused.</param>
/// <param name="BatchShare">Share of the time that batch work caused.</param>
/// <param name="TokensPerLine">Prompt and answer tokens of an answered line.</param>
/// <param name="RecomputedShare">Of the batch prompt tokens.</param>
sealed record BackfillPoint(
    double RequestsPerSecond, bool Holds, IReadOnlyList<double> LinesPerSecond, double InteractiveShare,
    double BatchShare, double TokensPerLine, double RecomputedShare)
{
    /// <summary>Whether there were samples enough to tell whether the promise was kept.</summary>
    public bool IsTold { get; init; } = true;

    /// <summary>The streams it was made of.</summary>
    public IReadOnlyList<SimulationResult> Runs { get; init; } = [];

    public static BackfillPoint Of(
        double rate, IReadOnlyList<LevelPromise> promise, IReadOnlyList<SimulationResult> runs)
    {
        var batch = runs.Select(r => r.Batch!).ToList();
        var spanNs = batch.Sum(b => b.SpanS) * 1e9;
        var prompts = Math.Max(1.0, batch.Sum(b => b.PromptTokens));
        var computing = batch.Sum(b => (double)b.ComputingNs);
        var levels = runs.Sum(r => r.Shares is { } shares
            ? shares.SpanS * shares.Accounts.Take(promise.Count).Sum() : 0);
        var batchShare = computing / spanNs;
        var interactive = levels * 1e9 / spanNs;
        var tokens = batch.Sum(b => (double)b.PromptTokens - b.RecomputedTokens + b.OutputTokens);
        var keeps = Keeps(promise, PooledRuns.Of(runs));
        return new BackfillPoint(
            rate, keeps == true, [.. batch.Select(b => b.LinesPerSecond)],
            Math.Min(interactive, 1 - batchShare), batchShare,
            tokens / Math.Max(1, batch.Sum(b => b.Lines)), batch.Sum(b => b.RecomputedTokens) / prompts)
        {
            IsTold = keeps is not null,
            Runs = runs,
        };
    }

    /// <summary>
    /// Whether every limit holds over all streams together; null where one has too few samples and no other
    /// is broken.
    /// </summary>
    public static bool? Keeps(IReadOnlyList<LevelPromise> promise, SimulationResult pooled)
    {
        bool? keeps = true;
        for (var level = 0; level < promise.Count; level++)
        {
            foreach (var limit in promise[level].Limits)
            {
                var latencies = pooled.Levels[level].Latencies[limit.Metric];
                var ns = latencies.PercentileNs(limit.Percentile);
                if (ns > limit.LimitNs)
                    return false;
                if (ns is null)
                    keeps = null;
            }
        }
        return keeps;
    }
}
