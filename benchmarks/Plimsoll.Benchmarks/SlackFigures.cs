using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Benchmarks;

/// <summary>
/// What the policy <c>slack</c> gets for batch work beside interactive requests, against the best of 42
/// static settings of <c>vllm-v1</c> and of its priority order found in hindsight, and against an adaptive
/// gate: <c>-- slack</c>. A setting counts when TTFT p95 and ITL p99 keep the promise.
/// </summary>
static class SlackFigures
{
    const long Requests = 3000;
    const long TtftMs = 500;

    static readonly int[] Budgets = [256, 512, 1024, 2048, 4096, 8192];
    static readonly int[] Lines = [1, 4, 16, 32, 64, 128, 256];

    readonly record struct Cell(SimulationResult Result, string Setting)
    {
        public double? TtftP95 => Result.Latencies.Ttft.PercentileNs(95) / 1e6;

        public double? ItlP99 => Result.Latencies.Itl.PercentileNs(99) / 1e6;

        public double Tokens => Result.Batch!.OutputTokensPerSecond;

        public bool Keeps(long itlMs) => TtftP95 <= TtftMs && ItlP99 <= itlMs;
    }

    public static void Print(TextWriter output)
    {
        Print(output, "Llama-3.1-8B", "a100_sxm", 1, [50, 75, 100], [2, 6]);
        Print(output, "Llama-3.1-8B", "h100_sxm", 1, [20, 50, 75], [5, 12]);
        Print(output, "Llama-3.3-70B", "h100_sxm", 4, [50, 75], [1, 3]);
    }

    static void Print(
        TextWriter output, string model, string card, int tp, long[] itls, double[] rates)
    {
        foreach (var rate in rates)
        {
            var alone = Run(model, card, tp, rate, 75, SchedulingPolicy.VllmV1, 2048, lines: 0);
            output.WriteLine(FormattableString.Invariant(
                $"{model} on {tp} {card}, chat at {rate} requests/s; alone: TTFT p95 {alone.TtftP95:0} ms, ")
                + FormattableString.Invariant($"ITL p99 {alone.ItlP99:0} ms"));
            var settings = Static(model, card, tp, rate);
            foreach (var itl in itls)
                Print(output, model, card, tp, rate, itl, settings, alone);
        }
    }

    static List<Cell> Static(string model, string card, int tp, double rate)
    {
        var cells = new List<Cell>();
        foreach (var policy in new[] { SchedulingPolicy.VllmV1, SchedulingPolicy.VllmV1Priority })
        {
            foreach (var budget in Budgets)
            {
                foreach (var lines in Lines)
                    cells.Add(Run(model, card, tp, rate, 75, policy, budget, lines));
            }
        }
        return cells;
    }

    static void Print(
        TextWriter output, string model, string card, int tp, double rate, long itl, List<Cell> settings,
        Cell alone)
    {
        var best = Best(settings, itl, SchedulingPolicy.VllmV1);
        var prioritised = Best(settings, itl, SchedulingPolicy.VllmV1Priority);
        var gate = Run(
            model, card, tp, rate, itl, SchedulingPolicy.VllmV1Priority, 2048, 256, adaptive: true);
        var slack = Run(model, card, tp, rate, itl, SchedulingPolicy.InSlack, 8192, 1024);
        output.WriteLine($"  ITL {itl} ms");
        Line(output, "best of 42 static", best, itl);
        Line(output, "best of 42 with priority", prioritised, itl);
        Line(output, "AIMD gate, priority", gate, itl);
        Line(output, "slack", slack, itl);
        if (best is { } b)
        {
            output.WriteLine(FormattableString.Invariant(
                $"    slack ÷ best static {slack.Tokens / b.Tokens:0.00}; TTFT p95 ÷ alone ")
                + FormattableString.Invariant($"{slack.TtftP95 / alone.TtftP95:0.00}"));
        }
    }

    static Cell? Best(List<Cell> settings, long itl, SchedulingPolicy policy)
    {
        Cell? best = null;
        foreach (var cell in settings)
        {
            if (cell.Setting.StartsWith(policy.Name + " ", StringComparison.Ordinal) && cell.Keeps(itl)
                && (best is null || cell.Tokens > best.Value.Tokens))
            {
                best = cell;
            }
        }
        return best;
    }

    static void Line(TextWriter output, string name, Cell? cell, long itl) => output.WriteLine(
        cell is not { } c
        ? $"    {name,-26} none keeps it"
        : FormattableString.Invariant(
            $"    {name,-26} {c.Tokens,6:0} batch tokens/s  TTFT p95 {c.TtftP95,6:0} ms  ")
        + FormattableString.Invariant($"ITL p99 {c.ItlP99,5:0} ms  ")
        + $"{(c.Keeps(itl) ? "kept" : "BROKEN")}  {c.Setting}");

    static Cell Run(
        string model, string card, int tp, double rate, long itlMs, SchedulingPolicy policy, int budget,
        int lines, bool adaptive = false)
    {
        var accelerator = Catalogue.BuiltIn.FindAccelerator(card);
        var engine = SimulatedEngine.Of(
            new Deployment
            {
                Model = Catalogue.BuiltIn.FindModel(model),
                Accelerator = accelerator,
                TensorParallel = tp,
                Engine = new EngineSettings { MaxNumBatchedTokens = budget, MaxNumSeqs = 256 },
            },
            policy);
        var watch = Stopwatch.StartNew();
        var result = engine.Run(WorkloadFamily.Find("chat"), rate, new SimulationOptions
        {
            Requests = Requests,
            WarmupRequests = Requests / 10,
            Limits =
            [
                new Limit(Metric.Ttft, 95, TtftMs * 1_000_000),
                new Limit(Metric.Itl, 99, itlMs * 1_000_000),
            ],
            BatchWorkload = lines == 0 ? null : WorkloadFamily.Find("summarisation"),
            BatchGate = new BatchGateOptions { Lines = Math.Max(1, lines), IsAdaptive = adaptive },
        });
        var answered = (result.Completed + (result.Batch?.Lines ?? 0)) / watch.Elapsed.TotalSeconds;
        return new Cell(
            result, $"{policy.Name} budget {budget} lines {lines} ({answered:0} requests/s simulated)");
    }
}
