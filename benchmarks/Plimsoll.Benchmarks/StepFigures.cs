using System;
using System.Diagnostics;
using System.IO;

namespace Plimsoll.Benchmarks;

/// <summary>
/// Nanoseconds of one plan and its commit, the best of many short rounds: a round lasts a few milliseconds,
/// so even on a machine that does other things some rounds are left alone. <c>make steps</c>
/// </summary>
static class StepFigures
{
    const int Rounds = 400;
    const int StepsPerRound = 40_000;

    public static void Print(TextWriter output)
    {
        foreach (var sequences in new[] { 1, 64, 1024 })
        {
            var plain = Best(sequences, step: benchmark => benchmark.PlainStep());
            var churned = Best(sequences, step: benchmark => benchmark.Step());
            output.WriteLine(FormattableString.Invariant(
                $"{sequences,5} sequences  plain step {plain.Ns,5:0.0} ns, {plain.Bytes:0} B  ")
                + FormattableString.Invariant(
                    $"with a request ending every fourth {churned.Ns,5:0.0} ns, {churned.Bytes:0} B"));
        }
    }

    static (double Ns, double Bytes) Best(int sequences, Func<SchedulerBenchmarks, int> step)
    {
        var benchmark = new SchedulerBenchmarks { Sequences = sequences };
        benchmark.Fill();
        var best = double.MaxValue;
        var fewest = long.MaxValue;
        for (var round = 0; round < Rounds; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < StepsPerRound; i++)
                step(benchmark);
            var ns = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
            fewest = Math.Min(fewest, GC.GetAllocatedBytesForCurrentThread() - before);
            best = Math.Min(best, ns / StepsPerRound);
        }
        return (best, fewest / (double)StepsPerRound);
    }
}
