using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Backfill;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Benchmarks;

/// <summary>
/// Batch lines that the policy <c>slack</c> does against the most that who knows the future could fit into
/// the same promise, and what first tokens pay for it: <c>-- slack-bound</c>; the second line of each is
/// with steps of batch work until tokens are due, however long newcomers wait.
/// </summary>
static class SlackBound
{
    const int Seeds = 4;
    const long Requests = 3000;

    public static void Print(TextWriter output)
    {
        foreach (var workload in new[] { "chat", "code-completion" })
        {
            foreach (var metric in new[] { Metric.Tpot, Metric.Itl })
            {
                foreach (var itlMs in new[] { 50, 75 })
                {
                    // Code completion comes in bursts: at these rates its first tokens are in time alone.
                    var (small, large) = workload == "chat" ? (10, 2.0) : (2, 0.2);
                    Print(output, "Llama-3.1-8B", 1, One(workload, metric, itlMs), small);
                    Print(output, "Llama-3.3-70B", 4, One(workload, metric, itlMs), large);
                }
            }
        }
        foreach (var premium in new[] { 0.2, 0.5 })
        {
            Print(output, "Llama-3.1-8B", 1, Two(premium), 10);
            Print(output, "Llama-3.3-70B", 4, Two(premium), 2);
        }
    }

    static Case One(string workload, Metric metric, int itlMs) => new(
        FormattableString.Invariant($"{workload,-15} {metric.Name()} {itlMs} ms"),
        WorkloadFamily.Find(workload),
        [
            LevelPromise.Of(ServiceLevelSpec.Default,
            [
                new Limit(Metric.Ttft, 95, 500_000_000),
                new Limit(metric, metric == Metric.Itl ? 99 : 95, itlMs * 1_000_000L),
            ]),
        ]);

    /// <summary>Chat of which a share is promised gaps of 40 ms and the rest of 75 ms.</summary>
    static Case Two(double premium)
    {
        var chat = new WorkloadFamily(WorkloadFamily.Find("chat").Spec with
        {
            Levels =
            [
                new LevelShare("premium", premium, "ttft p95 500ms, itl p99 40ms"),
                new LevelShare("standard", 1 - premium, "ttft p95 500ms, itl p99 75ms"),
            ],
        });
        return new Case(
            FormattableString.Invariant($"chat {100 * premium} % itl 40, else 75 ms"), chat, chat.Levels);
    }

    /// <param name="Name">What is printed of it.</param>
    /// <param name="Requests">The interactive requests.</param>
    /// <param name="Levels">What they are promised.</param>
    sealed record Case(string Name, WorkloadFamily Requests, IReadOnlyList<LevelPromise> Levels);

    static double TtftNs(SimulationResult run) => run.Latencies.Ttft.PercentileNs(95) ?? double.NaN;

    static void Print(TextWriter output, string model, int tp, Case asked, double rate)
    {
        var engine = SimulatedEngine.Of(
            new Deployment
            {
                Model = Catalogue.BuiltIn.FindModel(model),
                Accelerator = Catalogue.BuiltIn.FindAccelerator("h100_sxm"),
                TensorParallel = tp,
                Engine = new EngineSettings { MaxNumBatchedTokens = 8192, MaxNumSeqs = 1024 },
            },
            SchedulingPolicy.InSlack);
        var whole = engine with { Limits = engine.Limits with { Policy = WholeGaps } };
        var family = asked.Requests;
        var efficiency = new double[2, Seeds];
        var late = new double[2, Seeds];
        var kept = new double[2, Seeds];
        var keptAlone = new double[Seeds];
        Parallel.For(0, Seeds, i =>
        {
            var options = new SimulationOptions
            {
                Requests = Requests,
                WarmupRequests = Requests / 10,
                Seed = (ulong)i + 1,
                Levels = asked.Levels,
                BatchWorkload = WorkloadFamily.Find("summarisation"),
            };
            var alone = engine.Run(
                family, rate, options with { BatchWorkload = null }, ArrivalProcess.Representative);
            keptAlone[i] = alone.Goodput ?? 0;
            foreach (var (way, each) in new[] { engine, whole }.Index())
            {
                var run = each.Run(family, rate, options, ArrivalProcess.Representative);
                var line = BoundedLine.Of(run.Batch!, options.BatchWorkload);
                efficiency[way, i] = run.Batch!.LinesPerSecond
                    / BackfillBound.LinesPerSecond(engine, family, rate, options, line);
                late[way, i] = TtftNs(run) / TtftNs(alone);
                kept[way, i] = run.Goodput ?? 0;
            }
        });
        var name = FormattableString.Invariant($"{model,-13} {asked.Name} at {rate,3}/s");
        Lines(output, name, efficiency, late, kept, keptAlone.Average());
    }

    static void Lines(
        TextWriter output, string setup, double[,] efficiency, double[,] late, double[,] kept, double alone)
    {
        for (var way = 0; way < 2; way++)
        {
            output.WriteLine((way == 0 ? setup : $"{"steps until tokens are due",47}") + ": "
                + FormattableString.Invariant($"{100 * Mean(efficiency, way),5:0.0} % of the bound ")
                + FormattableString.Invariant($"({100 * Row(efficiency, way).Min():0.0}–")
                + FormattableString.Invariant($"{100 * Row(efficiency, way).Max():0.0}), ")
                + FormattableString.Invariant($"goodput {100 * Mean(kept, way):0.0} %, ")
                + FormattableString.Invariant($"alone {100 * alone:0.0} %, ")
                + FormattableString.Invariant($"TTFT p95 ÷ alone {Mean(late, way):0.00}"));
        }
    }

    static SchedulingPolicy WholeGaps { get; } =
        SchedulingPolicy.InSlack with { Slack = new SlackOptions { BatchStepNs = long.MaxValue } };

    static IEnumerable<double> Row(double[,] figures, int way) =>
        Enumerable.Range(0, Seeds).Select(i => figures[way, i]);

    static double Mean(double[,] figures, int way) => Row(figures, way).Average();
}
