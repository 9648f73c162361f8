using System;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Measures;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Accounts;

/// <summary>
/// The 90 % interval of a class's figures: its fleet sized for steps as fast and as slow as they may be.
/// </summary>
/// <param name="Request">What is asked.</param>
/// <param name="Accelerators">Of one replica.</param>
/// <param name="Basis">Rates to dollars.</param>
/// <param name="Replicas">Size of the fleet for a load line of one replica.</param>
sealed record BoundsOfClass(
    AccountRequest Request, int Accelerators, CostBasis Basis, Func<double, int> Replicas)
{
    /// <param name="utilisation">Of the fleet as predicted, which whole replicas may leave outside both
    /// ends.</param>
    /// <param name="fastLine">Load line of one replica with fast steps, requests per second.</param>
    /// <param name="slowLine">With slow steps; 0 when the promise cannot be kept.</param>
    /// <param name="latency">The measured run and its bounds.</param>
    /// <param name="shares">The run whose computing time splits the cost.</param>
    public ClassBounds Of(
        double utilisation, double fastLine, double slowLine, SimulationBounds latency,
        SimulationResult shares)
    {
        var fast = Fleet(fastLine);
        if (slowLine <= 0)
        {
            return new ClassBounds(
                End(0, fast, Math.Min(utilisation, fast.Utilisation), latency.Low, shares),
                new ClassEnd(fastLine, null, null, null, null, LatencyOf(latency.High)));
        }
        var slow = Fleet(slowLine);
        return new ClassBounds(
            End(slowLine, fast, Math.Min(utilisation, Math.Min(fast.Utilisation, slow.Utilisation)),
                latency.Low, shares),
            End(fastLine, slow, Math.Max(utilisation, Math.Max(fast.Utilisation, slow.Utilisation)),
                latency.High, shares));
    }

    public static LatencyStatement LatencyOf(Func<Metric, LatencySummary> summary) =>
        new(summary(Metric.Ttft), summary(Metric.Tpot), summary(Metric.Itl), summary(Metric.E2e));

    (int Replicas, PicoDollars Bill, double Utilisation) Fleet(double line)
    {
        var replicas = Replicas(line);
        return (replicas, Basis.PerMillionTokens(Request.Serving.RequestsPerSecond / replicas),
            Request.Serving.RequestsPerSecond / (replicas * line));
    }

    ClassEnd End(
        double line, (int Replicas, PicoDollars Bill, double Utilisation) fleet, double utilisation,
        Func<Metric, LatencySummary> latency, SimulationResult shares) =>
        new(line, fleet.Replicas, (double)(fleet.Replicas * Accelerators * Request.Price.UsdPerHour),
            utilisation,
            Basis.Split(fleet.Bill, shares), LatencyOf(latency));
}
