using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core.Models;
using Plimsoll.Planning.Validation.MlPerf;

namespace Plimsoll.Planning.Validation.Sets;

/// <summary>
/// MLPerf's gap: throughput without and with latency limits, from kernels or datasheet alone, and the ratio
/// of the two.
/// </summary>
public sealed class MlPerfSet : IValidationSet
{
    const string AllSystems = "all systems";
    const string Ratio = "Interactive ÷ Offline";

    /// <summary>The benchmark that most cards ran.</summary>
    const string BestOf = "llama2-70b-99";

    public string Name => "mlperf";

    public string Source => "measured/mlperf-llm-runs.csv";

    public SetReport Run(string folder, Action<double> progress)
    {
        var dropped = new DropTally();
        var runs = MlPerfRuns.Read(Path.Combine(folder, Source), dropped);
        var predictions = Predict([.. runs.Select(r => r.Case).Distinct()], progress);
        var points = new List<ValidationPoint>();
        AddRatios(runs, predictions, points);
        AddBest(runs, predictions, points);
        foreach (var run in runs.OrderBy(r => r.Scenario, StringComparer.Ordinal))
            points.Add(Point($"{run.Case.Benchmark.Name}", run, predictions[run.Case]));
        return new SetReport
        {
            Name = Name,
            Title = "MLPerf Inference v4.1 and v5.1: Offline, Server, Interactive",
            Source = Source,
            Fitted = "nothing: kernels tier on NVIDIA, datasheet tier on AMD",
            HeldOut = "every result",
            Assumed =
            [
                "lengths exponential with the benchmark's mean and cap; Poisson arrivals; limits at p99",
                "weights in the stated format (v4.1, which states none: FP4 on B200, "
                + "FP8 elsewhere), KV in FP8",
                "the best of all tensor parallelisms that fit and of 512, 1,536 or 4,096 tokens per step, "
                + "replicas filling the system; pipeline stages 1, 2 or 4, as an account considers them, "
                + "where one card is too small, each micro-batch with a budget and a prompt of its own",
                "the release of vLLM that is stated; else the newest engine there was when results were due",
                "95 % of memory used, at most 2,048 sequences, no speculation, no disaggregation",
            ],
            Dropped = dropped,
            Points = points,
            Rows = SetReport.Summarise(points, [new Promise(AllSystems, Ratio, ErrorStatistic.Median, 12)]),
        };
    }

    static Dictionary<MlPerfCase, MlPerfThroughput> Predict(MlPerfCase[] cases, Action<double> progress)
    {
        var throughputs = new MlPerfThroughput[cases.Length];
        var done = 0;
        Parallel.For(0, cases.Length, i =>
        {
            throughputs[i] = MlPerfPrediction.Of(cases[i]);
            progress((double)Interlocked.Increment(ref done) / cases.Length);
        });
        var predictions = new Dictionary<MlPerfCase, MlPerfThroughput>();
        for (var i = 0; i < cases.Length; i++)
            predictions.Add(cases[i], throughputs[i]);
        return predictions;
    }

    /// <summary>
    /// Systems that ran both scenarios; where one ran a scenario twice, its better result counts.
    /// </summary>
    static void AddRatios(
        IReadOnlyList<MlPerfRun> runs, Dictionary<MlPerfCase, MlPerfThroughput> predictions,
        List<ValidationPoint> points)
    {
        foreach (var system in runs.GroupBy(r => (r.System, r.Case.Benchmark)))
        {
            var offline = system.Where(r => r.Scenario == "Offline").MaxBy(r => r.TokensPerSecond);
            var interactive = system.Where(r => r.Scenario == "Interactive").MaxBy(r => r.TokensPerSecond);
            if (offline is null || interactive is null)
                continue;
            points.Add(new ValidationPoint(
                AllSystems, Ratio, Configuration(offline.Case), system.Key.System,
                interactive.TokensPerSecond / offline.TokensPerSecond,
                predictions[interactive.Case].TokensPerSecond / predictions[offline.Case].TokensPerSecond));
        }
    }

    /// <summary>
    /// The best result of each card: what its software reached, where most of the others' settings did not.
    /// </summary>
    static void AddBest(
        IReadOnlyList<MlPerfRun> runs, Dictionary<MlPerfCase, MlPerfThroughput> predictions,
        List<ValidationPoint> points)
    {
        var cards = runs.Where(r => r.Scenario == "Offline" && r.Case.Benchmark.Name == BestOf)
            .GroupBy(r => r.Case.Accelerator).OrderBy(g => g.Key, StringComparer.Ordinal);
        foreach (var card in cards)
        {
            var best = card.MaxBy(r => r.TokensPerSecond)!;
            points.Add(Point($"{BestOf}, best on {card.Key}", best, predictions[best.Case]));
        }
    }

    static ValidationPoint Point(string split, MlPerfRun run, MlPerfThroughput predicted) =>
        new(
            split, $"{run.Scenario} tokens/s", $"{Configuration(run.Case)}, {predicted.Settings}", run.System,
            run.TokensPerSecond, predicted.TokensPerSecond)
        {
            Interval = new FigureInterval(predicted.Low, predicted.High),
        };

    static string Configuration(MlPerfCase single) =>
        $"{single.Benchmark.Name}, {single.Accelerator}, {single.Software.Engine}, {single.Weights.Name()}";
}
