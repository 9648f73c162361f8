using System;
using System.Linq;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Measures;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Accounts;

/// <summary>
/// The account of the class that only has a completion window. Its queue soaks up bursts and the week's
/// tides, so the bars of promise, bursts and peaks are zero by construction.
/// </summary>
sealed class BatchClass(AccountRequest request, SimulatedEngine engine, CostBasis basis, Levels levels)
{
    /// <summary>Share of what a rank carries that batch work is measured at where more is asked.</summary>
    const double MostLoad = 0.95;

    /// <summary>The account; a window that a line does not fit into is bad input.</summary>
    public ClassAccount Account(
        int replicas, SaturatedThroughput saturated, SimulationResult run, DrawnLines drawn, RateCurve curve)
    {
        var error = engine.StepTime;
        var accelerators = replicas * engine.Deployment.Accelerators;
        var bill = Bill(replicas);
        var utilisation = request.Serving.RequestsPerSecond / (replicas * levels.Memory);
        var lines = drawn.Draws.Select(d => d.Ceiling * engine.Ranks).ToList();
        var bounds = new BoundsOfClass(request, engine.Deployment.Accelerators, basis, Replicas).Of(
            levels.Memory, lines, Latency, DrawnLatency, saturated.Run);
        var memory = basis.PerMillionTokens(levels.Memory);
        var waterfall = new Waterfall()
            .Rise("floor", basis.PerMillionTokens(levels.Floor))
            .Rise("kernels", basis.PerMillionTokens(levels.Kernels))
            .Rise("memory", memory)
            .Rise("promise", memory)
            .Rise("bursts", memory)
            .Rise("peaks", memory)
            .Rise("reserve", bill);
        var account = new ClassAccount
        {
            Class = "batch",
            Promise = [new PromiseStatement("window", 100, request.BatchWindowNs / 1e6)],
            LoadLine = new LoadLine(levels.Memory, null, "throughput"),
            Fleet = new FleetStatement(
                replicas, accelerators, (double)(accelerators * request.Price.UsdPerHour)),
            Utilisation = utilisation,
            Cost = basis.Split(bill, saturated.Run),
            WithoutIdle = basis.WithoutIdle(bill, memory, saturated.Run),
            Interval =
                new Interval(bounds.Low.Cost!.UsdPerMillionTokens, bounds.High.Cost?.UsdPerMillionTokens),
            Tier = error.Tier.ToString().ToLowerInvariant(),
            Waterfall = waterfall.Bars,
            Latency = BoundsOfClass.LatencyOf(Latency),
            Bounds = bounds,
        };
        // Little's law: how long a request stays in an engine whose batch is full.
        var stayNs = engine.Limits.MaxNumSeqs / saturated.RequestsPerSecond * 1e9;
        // Where other lines are given, the window is theirs, and they are looked at instead.
        if (request.Backfill is null && stayNs > request.BatchWindowNs)
        {
            throw BatchWindow.TooShort(
                request.BatchWindowNs, stayNs, request.Serving.Workload, "in a full batch");
        }
        return account;

        LatencySummary Latency(Metric metric) => run.Latencies[metric].Summarise();

        LatencySummary DrawnLatency(int draw, Metric metric)
        {
            var of = drawn.Draws[draw];
            var rate = Rate(Replicas(lines[draw]), of.Ceiling) * of.Full.All;
            return DrawnLines.Latency(curve, rate, of.Full, of.Draw, metric);
        }
    }

    /// <summary>Requests per second of a rank in a fleet of that size, short of full.</summary>
    public double Rate(int replicas, double ceiling) =>
        Math.Min(MostLoad * ceiling, request.Serving.RequestsPerSecond / replicas / engine.Ranks);

    int Replicas(double line) => FleetSize.Replicas(request.Serving.RequestsPerSecond, line);

    PicoDollars Bill(int replicas) => basis.PerMillionTokens(request.Serving.RequestsPerSecond / replicas);
}
