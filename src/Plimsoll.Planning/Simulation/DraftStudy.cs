using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Scheduling;

namespace Plimsoll.Planning.Simulation;

/// <summary>What one number of drafts does to a run.</summary>
/// <param name="Drafts">In every step; null where each step has its own.</param>
/// <param name="OutputTokensPerSecond">Of the requests, which is what they ask for unless they wait.</param>
/// <param name="BatchOutputTokensPerSecond">Of the batch work beside them; null without any.</param>
/// <param name="TpotMs">Of the requests.</param>
/// <param name="E2eMs">Of the requests.</param>
/// <param name="BusyShare">Computing time ÷ makespan: what is left moves with drafts at any load.</param>
/// <param name="Goodput">Of the requests.</param>
public sealed record DraftPoint(
    int? Drafts, double OutputTokensPerSecond, double? BatchOutputTokensPerSecond, LatencySummary TpotMs,
    LatencySummary E2eMs, double BusyShare, double? Goodput);

/// <summary>Drafts chosen step by step beside every fixed number of them, under the same arrivals.</summary>
public static class DraftStudy
{
    /// <summary>The engine with drafts that its policy chooses.</summary>
    public static SimulatedEngine With(SimulatedEngine engine, DraftSpec drafts) => engine with
    {
        Limits = engine.Limits with
        {
            Policy = engine.Limits.Policy with
            {
                Slack = (engine.Limits.Policy.Slack ?? new SlackOptions()) with { Drafts = drafts },
            },
        },
    };

    /// <summary>What a light head takes on this engine: a line through one sequence and 256.</summary>
    public static (double TokenNs, double SequenceNs) LightHead(SimulatedEngine engine)
    {
        var (one, many) = (engine.StepTime.LightHeadNs(1), engine.StepTime.LightHeadNs(256));
        var sequenceNs = Math.Max(0, (many - one) / 255);
        return (Math.Max(0, one - sequenceNs), sequenceNs);
    }

    /// <param name="engine">An engine whose policy chooses drafts.</param>
    /// <param name="chosen">Its run.</param>
    /// <param name="simulate">The same run of another engine.</param>
    public static IReadOnlyList<DraftPoint> Of(
        SimulatedEngine engine, SimulationResult chosen, Func<SimulatedEngine, SimulationResult> simulate)
    {
        var drafts = engine.Limits.Policy.Slack!.Drafts!;
        var runs = new SimulationResult[drafts.MaxTokens + 1];
        Parallel.For(0, runs.Length, k =>
            runs[k] = simulate(With(engine, drafts with { MinTokens = k, MaxTokens = k })));
        return [.. runs.Select((run, k) => Point(k, run)), Point(null, chosen)];
    }

    static DraftPoint Point(int? drafts, SimulationResult run) => new(
        drafts, run.OutputTokensPerSecond, run.Batch?.OutputTokensPerSecond, run.Latencies.Tpot.Summarise(),
        run.Latencies.E2e.Summarise(), run.BusyShare, run.Goodput);
}
