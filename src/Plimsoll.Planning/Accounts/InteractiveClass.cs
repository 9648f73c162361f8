using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Accounts;

/// <summary>The account of the class that somebody waits for.</summary>
sealed class InteractiveClass(AccountRequest request, SimulatedEngine engine, CostBasis basis, Levels levels)
{
    readonly double _peak = FleetSize.PeakOverMean(request.Serving.Workload.WeeklyEnvelope);

    public ClassAccount Account(
        LoadLineResult smooth, LoadLineResult own, DrawnLines drawn, SimulationResult atLine,
        SimulationResult fullBatch)
    {
        var line = own.RequestsPerSecond * engine.Ranks;
        var replicas = Replicas(line);
        var bill = Bill(replicas);
        var waterfall = new Waterfall()
            .Rise("floor", basis.PerMillionTokens(levels.Floor))
            .Rise("kernels", basis.PerMillionTokens(levels.Kernels))
            .Rise("memory", basis.PerMillionTokens(levels.Memory))
            .Rise("promise", basis.PerMillionTokens(smooth.RequestsPerSecond * engine.Ranks))
            .Rise("bursts", basis.PerMillionTokens(line))
            .Rise("peaks", basis.PerMillionTokens(line / _peak))
            .Rise("reserve", bill);
        var accelerators = replicas * engine.Deployment.Accelerators;
        var utilisation = request.Serving.RequestsPerSecond / (replicas * line);
        var bounds = new BoundsOfClass(request, engine.Deployment.Accelerators, basis, Replicas).Of(
            line, [.. drawn.Draws.Select(d => d.LoadLine * engine.Ranks)], Latency, drawn.Latency, atLine);
        return new ClassAccount
        {
            Class = "interactive",
            Promise = Promise(request.Serving.Levels),
            LoadLine = new LoadLine(
                line, own.StandardError * engine.Ranks,
                own.Binding is { } b ? PromiseText.Of(b.Limit) : "throughput"),
            Fleet = new FleetStatement(
                replicas, accelerators, (double)(accelerators * request.Price.UsdPerHour)),
            Utilisation = utilisation,
            Cost = basis.Split(bill, atLine),
            WithoutIdle = basis.WithoutIdle(bill, basis.PerMillionTokens(levels.Memory), fullBatch),
            Interval =
                new Interval(bounds.Low.Cost!.UsdPerMillionTokens, bounds.High.Cost?.UsdPerMillionTokens),
            Tier = engine.StepTime.Tier.ToString().ToLowerInvariant(),
            Waterfall = waterfall.Bars,
            Latency = BoundsOfClass.LatencyOf(Latency),
            Bounds = bounds,
        };

        LatencySummary Latency(Metric metric) => atLine.Latencies[metric].Summarise();
    }

    int Replicas(double line) =>
        FleetSize.Replicas(request.Serving.RequestsPerSecond * _peak, line) + request.SpareReplicas;

    PicoDollars Bill(int replicas) => basis.PerMillionTokens(request.Serving.RequestsPerSecond / replicas);

    static IReadOnlyList<PromiseStatement> Promise(IReadOnlyList<LevelPromise> levels)
    {
        var promise = new List<PromiseStatement>();
        foreach (var level in levels)
        {
            var name = levels.Count > 1 ? level.Spec.Name : null;
            foreach (var limit in level.Limits)
            {
                promise.Add(
                    new PromiseStatement(limit.Metric.Name(), limit.Percentile, limit.LimitNs / 1e6, name));
            }
        }
        return promise;
    }
}
