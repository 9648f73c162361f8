using System;
using System.Collections.Generic;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Planning.Catalogues;
using Plimsoll.Planning.Simulation;
using Plimsoll.Planning.Workloads;

namespace Plimsoll.Planning.Validation;

/// <summary>One figure of a measured run beside what was predicted for it.</summary>
/// <param name="Run">Which run.</param>
/// <param name="Figure">Which figure: <c>TTFT mean</c>, ….</param>
/// <param name="MeasuredMs">Of the real engine.</param>
/// <param name="PredictedMs">Of the simulation.</param>
/// <param name="WithinPercent">The error that is promised, percent.</param>
public sealed record Comparison(
    string Run, string Figure, double MeasuredMs, double PredictedMs, double WithinPercent)
{
    public double ErrorPercent => 100 * (PredictedMs / MeasuredMs - 1);

    public bool Passes => Math.Abs(ErrorPercent) <= WithinPercent;
}

/// <summary>Replays measured runs through the simulator. Nothing is fitted to them.</summary>
public static class RequestReplay
{
    const double TtftWithinPercent = 10;
    const double TpotWithinPercent = 6;

    /// <summary>Compares every run of a folder; empty when the folder holds none.</summary>
    public static IReadOnlyList<Comparison> Of(string folder)
    {
        var comparisons = new List<Comparison>();
        foreach (var run in MeasuredRun.Of(folder))
            Compare(run, comparisons);
        return comparisons;
    }

    static void Compare(MeasuredRun run, List<Comparison> comparisons)
    {
        // The stamps are the engine's own, so the way through the API server is not in them.
        var deployment = run.Deployment;
        var curves = StepTimeCatalogue.For(deployment.Accelerator, deployment.Engine.Engine);
        var overhead = EngineOverheadSpec.Of(deployment.Engine) with { RequestNs = 0 };
        var engine = SimulatedEngine.Of(deployment, SchedulingPolicy.VllmV1) with
        {
            StepTime = new StepTimeModel(deployment, curves, overhead),
        };
        var result = FleetSimulation.Run(
            engine.Limits, engine.StepTime, new ReplayedArrivals(run.Arrivals), closedLoop: false,
            new SimulationOptions { Requests = run.Arrivals.Count });
        var ttft = result.Latencies.Ttft;
        var tpot = result.Latencies.Tpot;
        Add("TTFT mean", Mean(run.TtftNs), ttft.MeanNs, TtftWithinPercent);
        Add("TTFT p95", Percentile(run.TtftNs, 95), ttft.PercentileNs(95), TtftWithinPercent);
        Add("TPOT mean", Mean(run.TpotNs), tpot.MeanNs, TpotWithinPercent);
        Add("TPOT p95", Percentile(run.TpotNs, 95), tpot.PercentileNs(95), TpotWithinPercent);

        void Add(string figure, double measuredNs, double? predictedNs, double within)
        {
            if (predictedNs is { } predicted)
                comparisons.Add(new Comparison(run.Name, figure, measuredNs / 1e6, predicted / 1e6, within));
        }
    }

    static double Mean(double[] values)
    {
        double sum = 0;
        foreach (var value in values)
            sum += value;
        return sum / values.Length;
    }

    static double Percentile(double[] values, double percentile)
    {
        var sorted = (double[])values.Clone();
        Array.Sort(sorted);
        return sorted[(int)Math.Ceiling(percentile / 100 * sorted.Length) - 1];
    }
}

/// <summary>Arrivals exactly as they were.</summary>
sealed class ReplayedArrivals(IReadOnlyList<Arrival> arrivals) : IArrivalSource
{
    int _next;

    public int PrefixBlockTokens => 0;

    public bool TryPeek(out long atNs)
    {
        atNs = _next < arrivals.Count ? arrivals[_next].AtNs : 0;
        return _next < arrivals.Count;
    }

    public void Take(out Arrival arrival) => arrival = arrivals[_next++];

    public void Finished(int session, long nowNs)
    {
    }
}
