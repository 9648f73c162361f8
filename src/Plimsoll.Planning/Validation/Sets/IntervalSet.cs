using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Measured;
using Plimsoll.Planning.Calibration;

namespace Plimsoll.Planning.Validation.Sets;

/// <summary>
/// How often a 90 % interval holds where it was not made. Every run is predicted with nothing fitted; a model
/// on a card is given the centres and bands of all the others (<see cref="StepErrorFit"/>), joined with its
/// own terms' errors by their share of the figure. Runs with an open loop are left out: near saturation their
/// queues answer for the error, not their steps.
/// </summary>
public sealed class IntervalSet : IValidationSet
{
    const string Pooled = "all engines, bands of the others";

    /// <summary>Cards and precisions of a kind pooled; its name stands before.</summary>
    const string EveryCard = ", every card";

    /// <summary>Fewest points left out whose coverage says anything.</summary>
    const int FewestJudged = 20;

    const double ShiftMs = EngineErrorSpec.FirstTokenShiftNs / 1e6;

    public string Name => "intervals";

    public string Source => "measured/inferencemax-points.csv.gz, measured/vllm-0.15-experiments.csv, "
        + "measured/ml-energy-batch-latency-power.csv";

    public SetReport Run(string folder, Action<double> progress)
    {
        var runs = Read(folder);
        var replays = new Replay[runs.Count];
        var done = 0;
        Parallel.For(0, runs.Count, i =>
        {
            replays[i] = Replay.Of(runs[i].Observation, StepScale.None, withTerms: true);
            progress(0.9 * Interlocked.Increment(ref done) / runs.Count);
        });
        var steps = Residuals(runs, replays, Metric.Tpot, Metric.Itl);
        var all = new StepErrorFit(steps.Select(s => s.Residual));
        var firstTokens = Residuals(runs, replays, Metric.Ttft)
            .ConvertAll(f => f with { Residual = Beyond(f, all) });
        var points = new List<ValidationPoint>();
        AddPoints("TPOT or ITL", steps, _ => 1, shiftMs: 0, points);
        AddPoints("TTFT", firstTokens, f => StepOf(f, all).Centre, ShiftMs, points);
        progress(1);
        return new SetReport
        {
            Name = Name,
            Title = "Intervals of the kernels tier",
            Source = Source,
            Fitted = "centres and bands of measured over predicted, to every other model on a card of the "
                + "same engine and kind",
            HeldOut = "whole models on a card",
            Assumed =
            [
                .. Statements(all, "steps"),
                .. Statements(new StepErrorFit(firstTokens.Select(f => f.Residual)), "first tokens"),
            ],
            Points = points,
            Rows = SetReport.Summarise(points, Promised),
        };
    }

    /// <summary>
    /// Nine tenths hold, five of a hundred more or less; under vLLM intervals are no wider than is useful.
    /// </summary>
    static IReadOnlyList<Promise> Promised { get; } =
    [
        new(Pooled, "TPOT or ITL", ErrorStatistic.Coverage, 5),
        new(Pooled, "TTFT", ErrorStatistic.Coverage, 5),
        new("vllm, dense" + EveryCard, "TPOT or ITL", ErrorStatistic.Coverage, 5),
        new("vllm, experts" + EveryCard, "TPOT or ITL", ErrorStatistic.Coverage, 5) { MostWidth = 1.8 },
    ];

    /// <summary>A run, the release of its engine, and what is left out together with it.</summary>
    sealed record RunOfEngine(string Group, EngineSettings Engine, Observation Observation)
    {
        /// <summary>Engine, release where its errors depend on it, and whether experts are routed.</summary>
        public string Kind => Engine.Engine
            + (EngineCatalogue.ErrorsBefore(Engine) is { } release ? $" before {release}, " : ", ")
            + (Observation.Deployment.Model.FeedForward.MoeLayers > 0 ? "experts" : "dense");

        public string Cell =>
            $"{Observation.Deployment.Accelerator.Key} {Observation.Deployment.Weights.Name()}";
    }

    sealed record Measurement(RunOfEngine Run, double Measured, double Predicted, StepResidual Residual);

    /// <summary>The kinds' and cells' estimates in words: the bands of <c>data/engines.json</c>.</summary>
    static IEnumerable<string> Statements(StepErrorFit fit, string of)
    {
        foreach (var (kind, all) in fit.Kinds)
        {
            yield return Statement($"{of} of {kind}", all);
            foreach (var ((other, cell), own) in fit.Cells)
            {
                if (other == kind && cell.Length > 0)
                    yield return Statement($"{of} of {kind}, {cell}", own);
            }
        }
    }

    static string Statement(string what, StepErrorEstimate of) => FormattableString.Invariant(
        $"{what}: measured over predicted {of.Centre:0.00}, × {of.Low:0.00} to {of.High:0.00} around it");

    static List<RunOfEngine> Read(string folder)
    {
        var dropped = new DropTally();
        var runs = new List<RunOfEngine>();
        foreach (var point in InferenceMaxPoints.Read(
            Path.Combine(folder, "measured/inferencemax-points.csv.gz")))
        {
            runs.Add(new RunOfEngine(point.Served, point.Observation.Deployment.Engine, point.Observation));
        }

        foreach (var stage in VllmExperiments.Read(
            Path.Combine(folder, "measured/vllm-0.15-experiments.csv")))
        {
            var observation = stage.Observation;
            var engine = observation.Deployment.Engine;
            runs.Add(new RunOfEngine(NewCard.GroupOf(observation), engine, observation));
        }

        foreach (var run in BatchLatencyRuns.Read(
            Path.Combine(folder, "measured/ml-energy-batch-latency-power.csv"), dropped))
        {
            var engine = run.Deployment.Engine with { EngineVersion = BatchLatencyRuns.Release };
            runs.Add(new RunOfEngine(NewCard.GroupOf(run) + ", batches", engine, run));
        }
        return [.. runs.Where(r => HeldOut.Unfit(r.Observation) is null)];
    }

    static List<Measurement> Residuals(List<RunOfEngine> runs, Replay[] replays, params Metric[] metrics)
    {
        var residuals = new List<Measurement>();
        for (var i = 0; i < runs.Count; i++)
        {
            var run = runs[i];
            foreach (var metric in metrics)
            {
                if (run.Observation.Measured[metric] is not { } measured
                    || replays[i].Predicted[metric] is not { } predicted)
                {
                    continue;
                }
                var (below, above) = Deviations(run.Engine, replays[i].Terms(metric));
                residuals.Add(new Measurement(run, measured, predicted, new StepResidual(
                    run.Engine.Engine, run.Kind, run.Cell, run.Group,
                    Math.Log(measured / predicted), below, above)));
                break;
            }
        }
        return residuals;
    }

    /// <summary>What the terms' own errors do to a figure of which they have these shares.</summary>
    static (double Below, double Above) Deviations(EngineSettings engine, TermVector terms)
    {
        var total = terms.Total;
        var sum = 0.0;
        foreach (var term in Enum.GetValues<StepTerm>())
            sum += Math.Pow(StepErrorSpec.DeviationOf(term) * terms[term] / total, 2);
        var hosts = EngineCatalogue.Of(engine).Errors.Sequences;
        var sequences = terms[StepTerm.HostSequences] / total / StepErrorSpec.Deviations;
        return (Math.Sqrt(sum + Math.Pow(sequences * (1 - hosts.Low), 2)),
            Math.Sqrt(sum + Math.Pow(sequences * (hosts.High - 1), 2)));
    }

    static StepErrorEstimate StepOf(Measurement firstToken, StepErrorFit steps) =>
        steps.Of(firstToken.Run.Kind, firstToken.Run.Cell) ?? new StepErrorEstimate(1, 1, 1);

    /// <summary>A first token's error beyond its steps', of its time and the shift together.</summary>
    static StepResidual Beyond(Measurement firstToken, StepErrorFit steps)
    {
        var step = StepOf(firstToken, steps);
        var own = firstToken.Residual;
        var predicted = firstToken.Predicted * step.Centre;
        var share = predicted / (predicted + ShiftMs);
        return own with
        {
            Log = Math.Log((firstToken.Measured + ShiftMs) / (predicted + ShiftMs)),
            Below = share * Joined(own.Below, Math.Log(step.Low)),
            Above = share * Joined(own.Above, Math.Log(step.High)),
        };
    }

    static double Joined(double deviation, double end) =>
        Math.Sqrt((deviation * deviation) + Math.Pow(end / StepErrorSpec.Deviations, 2));

    static void AddPoints(
        string figure, List<Measurement> measured, Func<Measurement, double> centre, double shiftMs,
        List<ValidationPoint> points)
    {
        var pooled = new List<ValidationPoint>();
        var kinds = new SortedDictionary<string, List<ValidationPoint>>(StringComparer.Ordinal);
        var groups = measured.GroupBy(m => m.Residual.Group);
        foreach (var group in groups.OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var others = new StepErrorFit(
                measured.Where(m => m.Residual.Group != group.Key).Select(m => m.Residual));
            foreach (var m in group)
            {
                if (others.Of(m.Residual.Kind, m.Residual.Cell) is not { } estimate)
                    continue;
                var (low, high) = StepErrorFit.Ends(estimate, m.Residual);
                var shifted = (m.Predicted * centre(m)) + shiftMs;
                var interval = new FigureInterval(
                    Math.Max(0, (shifted * low) - shiftMs), (shifted * high) - shiftMs);
                foreach (var (split, into) in new[]
                {
                    ($"{m.Run.Kind}, {m.Run.Cell}", points), (m.Run.Kind + EveryCard, OfKind(m.Run.Kind)),
                    (Pooled, pooled),
                })
                {
                    into.Add(new(split, figure, group.Key, m.Run.Observation.Name, m.Measured, m.Predicted)
                    {
                        Interval = interval,
                    });
                }
            }
        }
        points.AddRange(kinds.Values.Where(kind => kind.Count >= FewestJudged).SelectMany(kind => kind));
        points.AddRange(pooled);

        List<ValidationPoint> OfKind(string kind)
        {
            if (!kinds.TryGetValue(kind, out var own))
                kinds[kind] = own = [];
            return own;
        }
    }
}
