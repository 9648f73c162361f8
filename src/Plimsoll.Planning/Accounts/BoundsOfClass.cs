using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Measures;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Accounts;

/// <summary>
/// The 90 % intervals of a class's figures: its fleet sized again, and its latencies told at its own load, in
/// every draw of the step times' error.
/// </summary>
/// <param name="Request">What is asked.</param>
/// <param name="Accelerators">Of one replica.</param>
/// <param name="Basis">Rates to dollars.</param>
/// <param name="Replicas">Size of the fleet for a load line of one replica.</param>
sealed record BoundsOfClass(
    AccountRequest Request, int Accelerators, CostBasis Basis, Func<double, int> Replicas)
{
    /// <param name="line">Load line of one replica as predicted, requests per second.</param>
    /// <param name="lines">In every draw; 0 where the promise cannot be kept.</param>
    /// <param name="latency">Latencies as predicted.</param>
    /// <param name="drawn">Latencies of a draw.</param>
    /// <param name="shares">The run whose computing time splits the cost.</param>
    public ClassBounds Of(
        double line, IReadOnlyList<double> lines, Func<Metric, LatencySummary> latency,
        Func<int, Metric, LatencySummary> drawn, SimulationResult shares)
    {
        var replicas = lines.Select(l => DrawnFleets.Replicas(l, Replicas)).ToList();
        var ofLine = DrawQuantiles.Of(line, lines);
        var ofReplicas = DrawQuantiles.Of(Replicas(line), replicas);
        var ofUse = DrawQuantiles.Of(Utilisation(line, Replicas(line)), lines
            .Zip(replicas).Where(d => d.First > 0).Select(d => Utilisation(d.First, d.Second)));
        var (low, high) = Latencies(latency, drawn, lines.Count);
        return new ClassBounds(
            End(ofLine.Low, ofReplicas.Low, ofUse.Low, low, shares),
            End(ofLine.High, ofReplicas.High, ofUse.High, high, shares));
    }

    public static LatencyStatement LatencyOf(Func<Metric, LatencySummary> summary) =>
        new(summary(Metric.Ttft), summary(Metric.Tpot), summary(Metric.Itl), summary(Metric.E2e));

    double Utilisation(double line, double replicas) =>
        Request.Serving.RequestsPerSecond / (replicas * line);

    ClassEnd End(
        double line, double replicas, double utilisation, LatencyStatement latency, SimulationResult shares)
    {
        if (double.IsInfinity(replicas))
            return new ClassEnd(line, null, null, null, null, latency);
        var bill = Basis.PerMillionTokens(Request.Serving.RequestsPerSecond / replicas);
        return new ClassEnd(
            line, (int)replicas, (double)((int)replicas * Accelerators * Request.Price.UsdPerHour),
            utilisation, Basis.Split(bill, shares), latency);
    }

    static (LatencyStatement Low, LatencyStatement High) Latencies(
        Func<Metric, LatencySummary> latency, Func<int, Metric, LatencySummary> drawn, int draws)
    {
        var ends = Enum.GetValues<Metric>().ToDictionary(metric => metric, metric =>
        {
            var all = Enumerable.Range(0, draws).Select(draw => drawn(draw, metric)).ToList();
            var predicted = latency(metric);
            var mean = Ends(l => l.Mean);
            var (p50, p90, p95, p99) =
                (Ends(l => l.P50), Ends(l => l.P90), Ends(l => l.P95), Ends(l => l.P99));
            return (
                Low: new LatencySummary(mean?.Low, p50?.Low, p90?.Low, p95?.Low, p99?.Low),
                High: new LatencySummary(mean?.High, p50?.High, p90?.High, p95?.High, p99?.High));

            (double Low, double High)? Ends(Func<LatencySummary, double?> figure) =>
                DrawQuantiles.Of(figure(predicted), all.Select(figure));
        });
        return (LatencyOf(metric => ends[metric].Low), LatencyOf(metric => ends[metric].High));
    }
}
