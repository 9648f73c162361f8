using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Scheduling;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Backfill;

/// <summary>
/// Each level and batch work beside the others: latencies in the busiest hour, what a token costs over the
/// week.
/// </summary>
/// <param name="request">The fleet.</param>
/// <param name="week">What is done in it.</param>
/// <param name="interactiveTokens">Of a week.</param>
/// <param name="batchTokens">Of a week.</param>
/// <param name="bill">Of a week.</param>
sealed class BackfillLevels(
    BackfillRequest request, BackfillWeek week, double interactiveTokens, double batchTokens,
    PicoDollars bill)
{
    /// <param name="sweep">By rising rate.</param>
    /// <param name="alone">The busiest hour without batch work.</param>
    public IReadOnlyList<BackfillLevel> Of(
        IReadOnlyList<BackfillPoint> sweep, IReadOnlyList<SimulationResult> alone)
    {
        var runs = sweep[^1].Runs;
        var (beside, before) = (PooledRuns.Of(runs), PooledRuns.Of(alone));
        var spanS = runs.Sum(r => r.Batch!.SpanS);
        var times = Times(sweep);
        var (interactive, batch) = (week.Interactive().Average(), week.Batch().Average());
        var idle = System.Math.Max(0, 1 - interactive - batch);
        var tokens = request.Serving.Levels.Select((_, level) => runs.Sum(r => Tokens(r, level))).ToList();
        var payers = times.Where((_, i) => LevelCosts.PaysIdle(request.Serving.Levels, i)).Sum();
        var levels = beside.Levels.Select((level, i) => new BackfillLevel
        {
            Name = request.Serving.Levels[i].Spec.Name,
            Goodput = level.Goodput,
            TokensPerSecond = tokens[i] / spanS * request.Ranks,
            TtftMs = level.Latencies.Ttft.Summarise(),
            TpotMs = level.Latencies.Tpot.Summarise(),
            ItlMs = level.Latencies.Itl.Summarise(),
            E2eMs = level.Latencies.E2e.Summarise(),
            TtftAloneMs = before.Levels[i].Latencies.Ttft.Summarise(),
            ShareOfWeek = interactive * times[i],
            UsdPerMillionTokens = PerMillion(
                interactive * times[i], interactiveTokens * tokens[i] / tokens.Sum()),
            WithIdleUsdPerMillionTokens = PerMillion(
                interactive * times[i] + (LevelCosts.PaysIdle(request.Serving.Levels, i) && payers > 0
                    ? idle * times[i] / payers : 0),
                interactiveTokens * tokens[i] / tokens.Sum()),
        }).ToList();
        levels.Add(Lines(runs, spanS, batch));
        return levels;
    }

    /// <summary>In the time that batch work is counted in, too.</summary>
    static double Tokens(SimulationResult run, int level) =>
        run.Shares is { } shares ? shares.TokensPerSecond[level] * shares.SpanS : 0;

    BackfillLevel Lines(IReadOnlyList<SimulationResult> runs, double spanS, double share)
    {
        var latencies = new LatencyRecorders(0);
        foreach (var run in runs)
            latencies.Add(run.Batch!.Latencies!);
        var lines = runs.Sum(r => r.Batch!.Lines);
        var usd = PerMillion(share, batchTokens);
        return new BackfillLevel
        {
            Name = ServiceLevelSpec.Batch.Name,
            Goodput = lines > 0 ? (double)runs.Sum(r => r.Batch!.LinesInTime) / lines : null,
            TokensPerSecond = runs.Sum(r => (double)r.Batch!.PromptTokens - r.Batch.RecomputedTokens
                + r.Batch.OutputTokens) / spanS * request.Ranks,
            TtftMs = latencies.Ttft.Summarise(),
            TpotMs = latencies.Tpot.Summarise(),
            ItlMs = null,
            E2eMs = latencies.E2e.Summarise(),
            TtftAloneMs = null,
            ShareOfWeek = share,
            UsdPerMillionTokens = usd,
            WithIdleUsdPerMillionTokens = usd,
        };
    }

    /// <summary>Each level's part of the time of all levels, over all rates.</summary>
    List<double> Times(IReadOnlyList<BackfillPoint> sweep)
    {
        var times = new double[request.Serving.Levels.Count];
        foreach (var run in sweep.SelectMany(p => p.Runs))
        {
            for (var level = 0; level < times.Length; level++)
                times[level] += run.Shares is { } shares ? shares.Accounts[level] : 0;
        }
        var all = times.Sum();
        return [.. times.Select(time => all > 0 ? time / all : 1.0 / times.Length)];
    }

    decimal? PerMillion(double share, double tokens) =>
        tokens <= 0 ? null : PicoDollars.FromUsd((double)bill.Usd * share * 1e6 / tokens).Usd;
}
