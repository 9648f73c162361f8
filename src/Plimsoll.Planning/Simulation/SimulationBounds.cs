using System;
using System.Threading.Tasks;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Timing;

namespace Plimsoll.Planning.Simulation;

/// <summary>
/// A run and the two that bound it: the same arrivals with every step as fast and as slow as the model's
/// error allows. Queues answer a slower engine more than in proportion, so the ends are simulated, not
/// scaled. What the error of a first token adds to that of a step stretches TTFT, and E2E by as much.
/// </summary>
public sealed class SimulationBounds
{
    readonly SimulationResult _fast;
    readonly SimulationResult _slow;
    readonly PredictionError _error;

    SimulationBounds(
        SimulationResult run, SimulationResult fast, SimulationResult slow, PredictionError error)
    {
        Run = run;
        _fast = fast;
        _slow = slow;
        _error = error;
    }

    /// <summary>The prediction itself.</summary>
    public SimulationResult Run { get; }

    /// <summary>Runs one simulation at three step-time factors, in parallel.</summary>
    /// <param name="error">The step-time model's error.</param>
    /// <param name="simulate">The simulation at an end.</param>
    public static SimulationBounds Of(PredictionError error, Func<StepEnd, SimulationResult> simulate)
    {
        SimulationResult run = null!, fast = null!, slow = null!;
        Parallel.Invoke(
            () => run = simulate(StepEnd.Predicted),
            () => fast = simulate(error.Fast),
            () => slow = simulate(error.Slow));
        return new SimulationBounds(run, fast, slow, error);
    }

    public LatencySummary Latency(Metric metric) => Run.Latencies[metric].Summarise();

    /// <summary>Low ends of a latency's mean and percentiles, milliseconds.</summary>
    public LatencySummary Low(Metric metric) =>
        Bound(metric, _fast, _error.Fast.FirstTokenFactor, Math.Min);

    /// <summary>High ends.</summary>
    public LatencySummary High(Metric metric) =>
        Bound(metric, _slow, _error.Slow.FirstTokenFactor, Math.Max);

    /// <summary>Least and most of any other figure over the three runs; null where a run has none.</summary>
    public (double Low, double High)? Of(Func<SimulationResult, double?> figure) =>
        figure(Run) is { } run && figure(_fast) is { } fast && figure(_slow) is { } slow
            ? (Math.Min(run, Math.Min(fast, slow)), Math.Max(run, Math.Max(fast, slow)))
            : null;

    LatencySummary Bound(
        Metric metric, SimulationResult end, double stretch, Func<double, double, double> further)
    {
        var run = Run.Latencies[metric].Summarise();
        var bound = end.Latencies[metric].Summarise();
        var added = (stretch - 1) * (end.Latencies.Ttft.MeanNs ?? 0) / 1e6;
        return new LatencySummary(
            At(run.Mean, bound.Mean), At(run.P50, bound.P50), At(run.P90, bound.P90), At(run.P95, bound.P95),
            At(run.P99, bound.P99));

        double? At(double? predicted, double? simulated) => predicted is { } p && simulated is { } s
            ? further(p, metric switch
            {
                Metric.Ttft => s * stretch,
                Metric.E2e => Math.Max(0, s + added),
                _ => s,
            })
            : null;
    }
}
