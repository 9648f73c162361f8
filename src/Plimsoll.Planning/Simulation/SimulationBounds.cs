using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Timing;

namespace Plimsoll.Planning.Simulation;

/// <summary>
/// A run and the intervals of its figures: the same fleet simulated in each of many ways in which its step
/// times may be wrong, drawn jointly. Queues answer a slower engine more than in proportion, so draws are
/// simulated, not scaled.
/// <para>
/// A run of usual length is drawn whole, with arrivals of a seed of its own each time. Of a longer one the
/// draws simulate a beginning, all of the same arrivals; a figure's draw is then the run's own times what the
/// draw does to the beginning's. Sampling errors of a run so long are small beside those of its steps.
/// </para>
/// </summary>
public sealed class SimulationBounds
{
    /// <summary>Joint draws: one and a half on either side lie beyond nine tenths.</summary>
    public const int Draws = 30;

    /// <summary>Requests of a run whose draws are as long as it is.</summary>
    const long Whole = 20_000;

    readonly IReadOnlyList<SimulationResult> _drawn;
    readonly IReadOnlyList<StepErrorDraw> _draws;
    readonly SimulationResult? _beginning;

    SimulationBounds(
        SimulationResult run, IReadOnlyList<StepErrorDraw> draws, IReadOnlyList<SimulationResult> drawn,
        SimulationResult? beginning)
    {
        Run = run;
        _draws = draws;
        _drawn = drawn;
        _beginning = beginning;
    }

    /// <summary>The prediction itself.</summary>
    public SimulationResult Run { get; }

    /// <summary>Simulates the prediction and every draw, in parallel.</summary>
    /// <param name="errors">How the engine's step times may be wrong.</param>
    /// <param name="options">Of the prediction's run.</param>
    /// <param name="simulate">The fleet with steps as a draw has them.</param>
    public static SimulationBounds Of(
        StepErrorSpec errors, SimulationOptions options,
        Func<StepErrorDraw, SimulationOptions, SimulationResult> simulate)
    {
        var draws = Enumerable.Range(0, Draws).Select(i => errors.Draw(i, Draws)).ToList();
        var requests = Math.Min(options.Requests, Math.Max(Whole, options.Requests / Draws));
        var isWhole = requests == options.Requests;
        // Draws are nobody's trace and report no progress.
        var shorter = options with
        {
            Requests = requests, WarmupRequests = options.WarmupRequests * requests / options.Requests,
            Observer = null, Progress = null,
        };
        SimulationResult run = null!;
        SimulationResult? beginning = null;
        var drawn = new SimulationResult[Draws];
        Parallel.For(0, Draws + 2, i =>
        {
            if (i == 0)
                run = simulate(StepErrorDraw.None, options);
            else if (i > 1)
                drawn[i - 2] = simulate(draws[i - 2], Drawn(shorter, draws[i - 2], isWhole));
            else if (!isWhole)
                beginning = simulate(StepErrorDraw.None, shorter);
        });
        return new SimulationBounds(run, draws, drawn, beginning);
    }

    static SimulationOptions Drawn(SimulationOptions options, StepErrorDraw draw, bool reseeded) =>
        options with
    {
        Levels = LateFirstTokens.Of(options.Levels, draw),
        Seed = options.Seed + (reseeded ? (ulong)(draw.Index + 1) * 0x9E3779B97F4A7C15UL : 0),
    };

    public LatencySummary Latency(Metric metric) => Run.Latencies[metric].Summarise();

    /// <summary>Low ends of a latency's mean and percentiles, milliseconds.</summary>
    public LatencySummary Low(Metric metric) => Ends(metric, ends => ends.Low);

    /// <summary>High ends.</summary>
    public LatencySummary High(Metric metric) => Ends(metric, ends => ends.High);

    /// <summary>The interval of any other figure; null where a run has none.</summary>
    public (double Low, double High)? Of(Func<SimulationResult, double?> figure) =>
        Between(figure, (run, _) => figure(run));

    LatencySummary Ends(Metric metric, Func<(double Low, double High), double> end)
    {
        return new LatencySummary(
            At(l => l.Mean), At(l => l.P50), At(l => l.P90), At(l => l.P95), At(l => l.P99));

        double? At(Func<LatencySummary, double?> figure) => Between(
            run => figure(run.Latencies[metric].Summarise()),
            (run, draw) => figure(Drawn(run, metric, draw))) is { } ends ? end(ends) : null;
    }

    /// <summary>What a first token errs by beyond its steps stretches TTFT, and E2E too.</summary>
    static LatencySummary Drawn(SimulationResult run, Metric metric, StepErrorDraw draw)
    {
        var own = run.Latencies[metric].Summarise();
        var ttft = run.Latencies.Ttft.MeanNs ?? 0;
        var added = metric == Metric.E2e ? (draw.FirstTokenNs(ttft) - ttft) / 1e6 : 0;
        return new LatencySummary(At(own.Mean), At(own.P50), At(own.P90), At(own.P95), At(own.P99));

        double? At(double? ms) => metric == Metric.Ttft && ms is { } first
            ? draw.FirstTokenNs(first * 1e6) / 1e6
            : ms + added;
    }

    (double Low, double High)? Between(
        Func<SimulationResult, double?> figure, Func<SimulationResult, StepErrorDraw, double?> drawn)
    {
        if (figure(Run) is not { } estimate)
            return null;
        var over = 1.0;
        if (_beginning is not null)
        {
            if (figure(_beginning) is not { } whole)
                return null;
            over = whole == 0 ? 1 : estimate / whole;
        }
        var all = _drawn.Select((run, i) => drawn(run, _draws[i])).OfType<double>().ToList();
        return all.Count < Draws ? null : DrawQuantiles.Of(estimate, all.Select(value => value * over));
    }
}
