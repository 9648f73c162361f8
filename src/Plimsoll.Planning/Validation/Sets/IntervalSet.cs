using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Measured;
using Plimsoll.Planning.Calibration;

namespace Plimsoll.Planning.Validation.Sets;

/// <summary>
/// How often a 90 % interval holds where it was not made. Every model on a card is predicted with nothing
/// fitted, on the fastest and on the slowest host that was seen; its interval reaches from the 5th percentile
/// of measured over the fast prediction to the 95th of measured over the slow one, of all the others of the
/// same engine and kind, each counting by the root of its points.
/// </summary>
public sealed class IntervalSet : IValidationSet
{
    const double Tail = 0.05;
    const string Pooled = "all engines, bands of the others";

    public string Name => "intervals";

    public string Source => "measured/inferencemax-points.csv.gz, measured/vllm-0.15-experiments.csv, "
        + "measured/measured-cost-vs-load-h100-a100.csv, measured/ml-energy-batch-latency-power.csv";

    public SetReport Run(string folder, Action<double> progress)
    {
        var runs = Read(folder);
        var points = new List<ValidationPoint>();
        var steps = Residuals(
            runs, r => r.Deployment.Model.FeedForward.MoeLayers > 0 ? "experts" : "dense",
            r => (Host(HostsSeen(r).Low), Host(HostsSeen(r).High)), Metric.Tpot, Metric.Itl);
        progress(0.5);
        var firstTokens = Residuals(runs, _ => "all models", Steps, Metric.Ttft);
        progress(0.9);
        AddPoints("TPOT or ITL", steps, points);
        AddPoints("TTFT", firstTokens, points);
        progress(1);
        return new SetReport
        {
            Name = Name,
            Title = "Intervals of the kernels tier",
            Source = Source,
            Fitted =
                "bands of measured over predicted, to every other model and card of the same engine and kind",
            HeldOut = "whole models on a card",
            Assumed = ["as the sets of these files say"],
            Points = points,
            Rows = SetReport.Summarise(points,
            [
                new Promise(Pooled, "TPOT or ITL", ErrorStatistic.Coverage, 5),
                new Promise(Pooled, "TTFT", ErrorStatistic.Coverage, 5),
            ]),
        };
    }

    sealed record Residual(
        string Kind, string Group, string Name, double Measured, double Predicted, double Fast, double Slow);

    static StepEnd Host(double sequenceNs) => new(1, sequenceNs, 1);

    static ErrorBand HostsSeen(Observation run) =>
        EngineCatalogue.Of(run.Deployment.Engine).Errors.SequenceNs;

    /// <summary>The ends of a step, without what a first token adds to them.</summary>
    static (StepEnd Fast, StepEnd Slow) Steps(Observation run)
    {
        var error = HeldOut.ErrorOf(run);
        return (error.Fast with { FirstTokenFactor = 1 }, error.Slow with { FirstTokenFactor = 1 });
    }

    static List<(string Group, Observation Run)> Read(string folder)
    {
        var dropped = new DropTally();
        var sweep = Path.Combine(folder, "measured/measured-cost-vs-load-h100-a100.csv");
        var runs = new List<(string, Observation)>();
        foreach (var point in InferenceMaxPoints.Read(
            Path.Combine(folder, "measured/inferencemax-points.csv.gz")))
        {
            runs.Add((point.Served, point.Observation));
        }

        foreach (var stage in VllmExperiments.Read(
            Path.Combine(folder, "measured/vllm-0.15-experiments.csv")))
        {
            runs.Add((NewCard.GroupOf(stage.Observation), stage.Observation));
        }

        foreach (var run in LoadSweepRuns.Read(sweep, "H100", dropped)
            .Concat(LoadSweepRuns.Read(sweep, "A100", dropped)))
        {
            runs.Add((NewCard.GroupOf(run) + ", sweep", run));
        }

        foreach (var run in BatchLatencyRuns.Read(
            Path.Combine(folder, "measured/ml-energy-batch-latency-power.csv"), dropped))
        {
            runs.Add((NewCard.GroupOf(run) + ", batches", run));
        }
        return [.. runs.Where(r => HeldOut.Unfit(r.Item2) is null)];
    }

    static List<Residual> Residuals(
        List<(string Group, Observation Run)> runs, Func<Observation, string> kind,
        Func<Observation, (StepEnd Fast, StepEnd Slow)> ends, params Metric[] metrics)
    {
        var residuals = new Residual?[runs.Count];
        Parallel.For(0, runs.Count, i =>
        {
            var (group, run) = runs[i];
            foreach (var metric in metrics)
            {
                if (residuals[i] is not null || run.Measured[metric] is not { } measured)
                    continue;
                var (fast, slow) = ends(run);
                if (At(run, StepEnd.Predicted, metric) is { } predicted && At(run, fast, metric) is { } low
                    && At(run, slow, metric) is { } high)
                {
                    residuals[i] = new Residual(
                        $"{run.Deployment.Engine.Engine}, {kind(run)}", group, run.Name, measured, predicted,
                        low, high);
                }
            }
        });
        return [.. residuals.OfType<Residual>()];
    }

    static double? At(Observation run, StepEnd end, Metric metric) =>
        Replay.Of(run, StepScale.None, end: end).Predicted[metric];

    static void AddPoints(string figure, List<Residual> residuals, List<ValidationPoint> points)
    {
        var pooled = new List<ValidationPoint>();
        foreach (var kind in residuals.GroupBy(r => r.Kind).OrderBy(k => k.Key, StringComparer.Ordinal))
        {
            foreach (var group in kind.GroupBy(r => r.Group))
            {
                var others = kind.Where(r => r.Group != group.Key).ToList();
                if (others.Count == 0)
                    continue;
                var (low, high) = Band(others);
                foreach (var r in group)
                {
                    var interval = new FigureInterval(low * r.Fast, high * r.Slow);
                    points.Add(new($"{kind.Key}, bands of the others", figure, group.Key, r.Name, r.Measured,
                        r.Predicted) { Interval = interval });
                    pooled.Add(new(Pooled, figure, group.Key, r.Name, r.Measured, r.Predicted)
                        { Interval = interval });
                }
            }
        }
        points.AddRange(pooled);
    }

    static (double Low, double High) Band(List<Residual> residuals) =>
        (Quantile(residuals, r => r.Measured / r.Fast, Tail),
            Quantile(residuals, r => r.Measured / r.Slow, 1 - Tail));

    static double Quantile(List<Residual> residuals, Func<Residual, double> ratio, double share)
    {
        var sizes = residuals.CountBy(r => r.Group).ToDictionary();
        var sorted = residuals.Select(r => (Ratio: ratio(r), Weight: 1 / Math.Sqrt(sizes[r.Group])))
            .OrderBy(r => r.Ratio).ToList();
        var total = sorted.Sum(r => r.Weight);
        var sum = 0.0;
        foreach (var (value, weight) in sorted)
        {
            sum += weight;
            if (sum >= share * total)
                return value;
        }
        return sorted[^1].Ratio;
    }
}
