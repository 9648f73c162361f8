using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Backfill;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Benchmarks;

/// <summary>
/// What the policy <c>slack</c> gets for batch work beside interactive requests, against the best of 42
/// static settings of <c>vllm-v1</c> and of its priority order found in hindsight, and against an adaptive
/// gate: <c>-- slack [seeds]</c>. A setting counts when at least 95 % of the requests keep TTFT and, at p99
/// of their own gaps, ITL, over all seeds together. <c>-- slack-own [seeds]</c> leaves the static settings
/// out: a tenth of the time.
/// </summary>
static class SlackFigures
{
    const long Requests = 3000;
    const long TtftNs = 500_000_000;
    const double Kept = 0.95;

    static readonly int[] Budgets = [256, 512, 1024, 2048, 4096, 8192];
    static readonly int[] Lines = [1, 4, 16, 32, 64, 128, 256];

    /// <summary>One setting over all seeds, under every limit of ITL.</summary>
    sealed record Cell(string Setting, SimulationResult[] Runs, double[] Goodputs)
    {
        public double TtftP95 => Runs.Average(r => r.Latencies.Ttft.PercentileNs(95) ?? double.NaN) / 1e6;

        public double ItlP99 => Runs.Average(r => r.Latencies.Itl.PercentileNs(99) ?? double.NaN) / 1e6;

        public double Tokens => Runs.Average(r => r.Batch?.OutputTokensPerSecond ?? 0);
    }

    readonly record struct Setup(
        string Model, string Card, int Tp, double Rate, long[] Itls, int Seeds, bool HasStatic);

    public static void Print(TextWriter output, int seeds, bool hasStatic = true)
    {
        output.WriteLine($"mean of {seeds} seeds, {Requests} requests each, TTFT within {TtftNs / 1e6} ms");
        foreach (var rate in new[] { 1.0, 2, 3 })
            Print(output, new Setup("Llama-3.1-8B", "a100_sxm", 1, rate, [50, 75, 100], seeds, hasStatic));
        foreach (var rate in new[] { 5.0, 12 })
            Print(output, new Setup("Llama-3.1-8B", "h100_sxm", 1, rate, [20, 50, 75], seeds, hasStatic));
        foreach (var rate in new[] { 1.0, 3 })
            Print(output, new Setup("Llama-3.3-70B", "h100_sxm", 4, rate, [50, 75], seeds, hasStatic));
    }

    static void Print(TextWriter output, Setup setup)
    {
        var alone = Run(setup, SchedulingPolicy.VllmV1, 2048, lines: 0);
        output.WriteLine(FormattableString.Invariant(
            $"{setup.Model} on {setup.Tp} {setup.Card}, chat at {setup.Rate} requests/s; alone: TTFT p95 ")
            + FormattableString.Invariant($"{alone.TtftP95:0} ms, ITL p99 {alone.ItlP99:0} ms"));
        var order = Static(setup, SchedulingPolicy.VllmV1);
        var priority = Static(setup, SchedulingPolicy.VllmV1Priority);
        for (var i = 0; i < setup.Itls.Length; i++)
            Print(output, setup, i, order, priority, alone);
    }

    static List<Cell> Static(Setup setup, SchedulingPolicy policy)
    {
        if (!setup.HasStatic)
            return [];
        var grid = Budgets.SelectMany(budget => Lines.Select(lines => (budget, lines))).ToArray();
        var cells = new Cell[grid.Length];
        Parallel.For(0, grid.Length, i => cells[i] = Run(setup, policy, grid[i].budget, grid[i].lines));
        return [.. cells];
    }

    static void Print(
        TextWriter output, Setup setup, int itl, List<Cell> order, List<Cell> priority, Cell alone)
    {
        var best = Best(order, itl);
        var own = setup with { Itls = [setup.Itls[itl]] };
        var gate = Run(own, SchedulingPolicy.VllmV1Priority, 2048, 256, adaptive: true);
        var slack = Run(own, SchedulingPolicy.InSlack, 8192, 1024);
        output.WriteLine($"  ITL {setup.Itls[itl]} ms");
        if (setup.HasStatic)
        {
            Line(output, "best of 42 static", best, itl);
            Line(output, "best of 42 with priority", Best(priority, itl), itl);
        }
        Line(output, "AIMD gate, priority", gate, 0);
        Line(output, "slack", slack, 0);
        Line(output, "slack, steps until due", Run(own, WholeGaps, 8192, 1024), 0);
        var most = Most(own);
        var over = best is null ? ""
            : FormattableString.Invariant($", {most / best.Tokens:0.00} ÷ best static");
        output.WriteLine(FormattableString.Invariant(
            $"    {"who knows the future",-26} {most,6:0} batch tokens/s at most{over}"));
        var ratio = best is { } b
            ? FormattableString.Invariant($"slack ÷ best static {slack.Tokens / b.Tokens:0.00} ")
                + $"({string.Join(", ", Ratios(slack, b))} by seed)"
            : setup.HasStatic ? "no static setting keeps it" : "slack";
        var quiet = Run(own, SchedulingPolicy.InSlack, 8192, lines: 0);
        output.WriteLine($"    {ratio}; "
            + FormattableString.Invariant($"TTFT p95 ÷ alone {slack.TtftP95 / alone.TtftP95:0.00}, ")
            + FormattableString.Invariant($"÷ slack alone {slack.TtftP95 / quiet.TtftP95:0.00}"));
    }

    /// <summary>Batch work fills steps until tokens are due, however long newcomers wait.</summary>
    static SchedulingPolicy WholeGaps { get; } =
        SchedulingPolicy.InSlack with { Slack = new SlackOptions { BatchStepNs = long.MaxValue } };

    static IEnumerable<string> Ratios(Cell slack, Cell best) => slack.Runs.Zip(best.Runs, (s, b) =>
        FormattableString.Invariant(
            $"{s.Batch!.OutputTokensPerSecond / b.Batch!.OutputTokensPerSecond:0.00}"));

    static Cell? Best(List<Cell> cells, int itl) =>
        cells.Where(c => c.Goodputs[itl] >= Kept).MaxBy(c => c.Tokens);

    static void Line(TextWriter output, string name, Cell? cell, int itl) => output.WriteLine(
        cell is not { } c
        ? $"    {name,-26} none keeps it"
        : FormattableString.Invariant(
            $"    {name,-26} {c.Tokens,6:0} batch tokens/s  kept by {100 * c.Goodputs[itl],6:0.00} %  ")
        + FormattableString.Invariant($"TTFT p95 {c.TtftP95,5:0} ms  ITL p99 {c.ItlP99,4:0} ms  ")
        + $"{(c.Goodputs[itl] >= Kept ? "" : "BROKEN  ")}{c.Setting}");

    /// <summary>Batch tokens per second that no policy exceeds, mean of the seeds.</summary>
    static double Most(Setup setup)
    {
        var batch = WorkloadFamily.Find("summarisation");
        return batch.MeanOutputTokens * Enumerable.Range(1, setup.Seeds).Average(seed =>
            BackfillBound.LinesPerSecond(
                Engine(setup, SchedulingPolicy.InSlack, 8192), WorkloadFamily.Find("chat"), setup.Rate,
                new SimulationOptions
                {
                    Requests = Requests,
                    Seed = (ulong)seed,
                    Limits = [new Limit(Metric.Itl, 99, setup.Itls[0] * 1_000_000)],
                    BatchWorkload = batch,
                }));
    }

    static SimulatedEngine Engine(Setup setup, SchedulingPolicy policy, int budget) => SimulatedEngine.Of(
        new Deployment
        {
            Model = Catalogue.BuiltIn.FindModel(setup.Model),
            Accelerator = Catalogue.BuiltIn.FindAccelerator(setup.Card),
            TensorParallel = setup.Tp,
            Engine = new EngineSettings { MaxNumBatchedTokens = budget, MaxNumSeqs = 256 },
        },
        policy);

    static Cell Run(
        Setup setup, SchedulingPolicy policy, int budget, int lines, bool adaptive = false)
    {
        var engine = Engine(setup, policy, budget);
        var runs = new SimulationResult[setup.Seeds];
        var good = new long[setup.Itls.Length];
        long measured = 0;
        for (var seed = 0; seed < setup.Seeds; seed++)
        {
            runs[seed] = engine.Run(WorkloadFamily.Find("chat"), setup.Rate, new SimulationOptions
            {
                Requests = Requests,
                WarmupRequests = Requests / 10,
                Seed = (ulong)seed + 1,
                Limits =
                [
                    new Limit(Metric.Ttft, 95, TtftNs),
                    .. setup.Itls.Select(ms => new Limit(Metric.Itl, 99, ms * 1_000_000)),
                ],
                Observer = (in CompletedRequest request) => Judge(request, good, ref measured),
                BatchWorkload = lines == 0 ? null : WorkloadFamily.Find("summarisation"),
                BatchGate = new BatchGateOptions { Lines = Math.Max(1, lines), IsAdaptive = adaptive },
            });
        }
        return new Cell(
            $"{policy.Name} budget {budget} lines {lines}", runs,
            [.. good.Select(g => (double)g / Math.Max(1, measured))]);
    }

    /// <summary>A request against TTFT and each limit of ITL; one gap in a hundred may fail.</summary>
    static void Judge(in CompletedRequest request, long[] good, ref long measured)
    {
        if (request.Index < Requests / 10)
            return;
        measured++;
        if (request.FirstTokenNs - request.ArrivalNs > TtftNs)
            return;
        var gaps = Math.Max(0, request.OutputTokens - 1);
        for (var i = 0; i < good.Length; i++)
            good[i] += request.LateGaps!.Value[i] <= gaps - (long)Math.Ceiling(0.99 * gaps) ? 1 : 0;
    }
}
