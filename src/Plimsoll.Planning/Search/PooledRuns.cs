using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Measures;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Search;

/// <summary>
/// Runs of independent streams under one rate as one run that lasted as long as all of them.
/// </summary>
static class PooledRuns
{
    public static SimulationResult Of(IReadOnlyList<SimulationResult> runs)
    {
        if (runs.Count == 1)
            return runs[0];
        var makespanS = runs.Sum(r => r.MakespanS);
        var latencies = new LatencyRecorders(0);
        foreach (var run in runs)
            latencies.Add(run.Latencies);
        var causes = runs.Aggregate(new TimeByCause(), (sum, run) => sum + run.TimeByCause);
        var measured =
            runs[0].Levels.Select((_, level) => PromiseMeter.Pooled([.. runs.Select(r => r.Levels[level])]));
        return runs[0] with
        {
            Requests = runs.Sum(r => r.Requests),
            Completed = runs.Sum(r => r.Completed),
            Failed = runs.Sum(r => r.Failed),
            MakespanS = makespanS,
            Latencies = latencies,
            Levels = [.. measured],
            Goodput = Share(r => r.Goodput, r => r.Completed + r.Failed),
            PromptTokensPerSecond = Share(r => r.PromptTokensPerSecond, r => r.MakespanS) ?? 0,
            OutputTokensPerSecond = Share(r => r.OutputTokensPerSecond, r => r.MakespanS) ?? 0,
            Preemptions = runs.Sum(r => r.Preemptions),
            PeakKvBlocks = runs.Max(r => r.PeakKvBlocks),
            PromptTokens = runs.Sum(r => r.PromptTokens),
            CachedPromptTokens = runs.Sum(r => r.CachedPromptTokens),
            OutputTokens = runs.Sum(r => r.OutputTokens),
            PrefixHitRate = Share(r => r.PrefixHitRate, r => r.PromptTokens),
            WaitingHalfway = runs.Sum(r => r.WaitingHalfway),
            WaitingAtTheEnd = runs.Sum(r => r.WaitingAtTheEnd),
            Steps = runs.Sum(r => r.Steps),
            BusyShare = Share(r => r.BusyShare, r => r.MakespanS) ?? 0,
            TimeByCause = causes,
            Holds = runs.All(r => r.Holds == true) ? true : runs.Any(r => r.Holds == false) ? false : null,
        };

        double? Share(Func<SimulationResult, double?> figure, Func<SimulationResult, double> weight)
        {
            double sum = 0, all = 0;
            foreach (var run in runs)
            {
                if (figure(run) is not { } value)
                    return null;
                sum += value * weight(run);
                all += weight(run);
            }
            return all > 0 ? sum / all : 0;
        }
    }
}
