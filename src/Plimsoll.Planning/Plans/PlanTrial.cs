using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Choices;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Plans;

/// <summary>How much of a candidate is simulated: a few streams of so many requests each.</summary>
/// <param name="Name">Of the rung.</param>
/// <param name="Streams">Independent streams, the same for every candidate.</param>
/// <param name="Requests">Of each stream.</param>
public sealed record PlanRung(string Name, int Streams, long Requests)
{
    /// <summary>How much dearer than the tenth best a candidate may look here and go on.</summary>
    public double Margin { get; init; }

    /// <summary>Whether what binds is told of those that hold; a race needs only their lines.</summary>
    public bool SaysWhatBinds { get; init; } = true;
}

/// <summary>What was measured of a unit.</summary>
/// <param name="Lines">Load lines of its streams, requests per second; 0 where the promise is broken.</param>
/// <param name="Binding">The limit that binds, in words; null for throughput.</param>
/// <param name="Ratio">Measured over limit just above the line; on a broken promise, of an idle unit.</param>
/// <param name="Missed">Index of that limit among the promise's; null for throughput.</param>
/// <param name="MeasuredNs">What was measured of it.</param>
/// <param name="Simulated">Requests that arrived in its runs.</param>
public sealed record PlanMeasure(
    IReadOnlyList<double> Lines, string? Binding, double? Ratio, int? Missed, long? MeasuredNs,
        long Simulated)
{
    /// <summary>Mean over the streams.</summary>
    public double Line => Samples.Mean(Lines);

    public double? StandardError => Samples.StandardError(Lines);

    public bool Holds => Line > 0;
}

/// <summary>
/// Runs one candidate under the workload. What it finds depends on the candidate, the request and the rung
/// alone: not on what else was tried, when, or on how many cores.
/// </summary>
public sealed class PlanTrial
{
    /// <summary>Replicas behind a router that are simulated together.</summary>
    const int Routed = 4;

    /// <summary>Bandwidth between pools, 10⁹ bytes per second: a 400 Gb/s port.</summary>
    const double TransferGbPerSecond = 50;

    readonly PlanCandidate _candidate;
    readonly Serving _serving;
    readonly SimulatedEngine _engine;
    readonly SimulatedEngine _prefill;
    readonly PlanBound _bound;

    public PlanTrial(PlanCandidate candidate, PlanRequest request, PlanBound bound)
    {
        _candidate = candidate;
        _serving = candidate.Of(request.Serving);
        _engine = Engine(candidate, request.Serving);
        _prefill = candidate.PrefillDeployment is { } own ? Engine(candidate, own, request.Serving) : _engine;
        _bound = bound;
    }

    public StepTimeModel StepTime => _engine.StepTime;

    public static SimulatedEngine Engine(PlanCandidate candidate, Serving serving) =>
        Engine(candidate, candidate.Deployment, serving);

    /// <summary>One of the engines of a candidate.</summary>
    public static SimulatedEngine Engine(
        PlanCandidate candidate, Deployment deployment, Serving serving) => SimulatedEngine.Of(
        StepTimeCatalogue.ModelOf(deployment), candidate.Policy, serving.MeanContextTokens);

    /// <summary>Load lines of a unit, each stream by bisection.</summary>
    /// <param name="rung">How much is simulated.</param>
    /// <param name="wrong">A way in which the prediction is wrong; null for the prediction itself.</param>
    /// <param name="near">About where the load line lies, as a shorter run found it; 0 if unknown.</param>
    public PlanMeasure Measure(PlanRung rung, StepErrorDraw? wrong = null, double near = 0)
    {
        if (!_serving.Limits.Any())
            return Saturated(rung, _engine.Drawn(wrong ?? StepErrorDraw.None));
        var (search, scale) = Search(rung, wrong ?? StepErrorDraw.None);
        var full = NoticesQueues ? null : Full(rung, wrong ?? StepErrorDraw.None);
        var ceiling = full?.RequestsPerSecond ?? (_bound.RequestsPerSecond ?? 1) / scale;
        var line = search.Find(ceiling, ArrivalProcess.Own, near / scale);
        // The bound is no part of the answer: where the promise holds there, the search goes on above it.
        var doublings = full is null ? 3 : 0;
        for (var i = 0; i < doublings && line.Binding is null && line.RequestsPerSecond >= ceiling; i++)
            line = search.Find(ceiling *= 2, ArrivalProcess.Own, near / scale);
        var limits = _serving.Limits.ToList();
        int? missed = line.Binding is { } broken ? limits.IndexOf(broken.Limit) : null;
        return new PlanMeasure(
            [.. line.Lines.Select(rate => rate * scale)],
            line.Binding is { } binding ? Core.Promises.PromiseText.Of(binding.Limit) : null,
            line.Binding?.Ratio, missed, line.Binding?.MeasuredNs, search.Simulated + Requests(full));
    }

    /// <summary>
    /// Whether a queue breaks the promise. A limit on the time between tokens alone holds at any rate, since
    /// who waits has no tokens yet: what the engines carry is then the line.
    /// </summary>
    bool NoticesQueues => _serving.Limits.Any(limit => limit.Metric is Metric.Ttft or Metric.E2e);

    /// <summary>What is simulated together carries when nobody waits; null where it serves nobody.</summary>
    SaturatedThroughput? Full(PlanRung rung, StepErrorDraw wrong)
    {
        var engine = _engine.Drawn(wrong);
        return SaturatedThroughput.Find(
            engine, _serving with { Requests = rung.Requests }, attributeTime: false,
            Fleet(engine, _prefill.Drawn(wrong)).Fleet);
    }

    static long Requests(SaturatedThroughput? full) => full?.Run.Requests ?? 0;

    /// <summary>
    /// Whether a unit may carry a rate at all: one run, which ends as soon as that is certain, where a load
    /// line takes about ten. The rate itself stands for the load line where it may, 0 where it may not.
    /// </summary>
    public PlanMeasure Reaches(PlanRung rung, double requestsPerSecond)
    {
        var (search, scale) = Search(rung, StepErrorDraw.None);
        var rate = requestsPerSecond / scale;
        var full = NoticesQueues ? null : Full(rung, StepErrorDraw.None);
        var reaches = !(full?.RequestsPerSecond < rate) && search.MayReach(rate);
        return new PlanMeasure(
            [reaches ? requestsPerSecond : 0], null, null, null, null, search.Simulated + Requests(full));
    }

    (LoadLineSearch Search, double Scale) Search(PlanRung rung, StepErrorDraw wrong)
    {
        var engine = _engine.Drawn(wrong);
        var (fleet, scale) = Fleet(engine, _prefill.Drawn(wrong));
        return (new LoadLineSearch(
            engine, _serving, new ProbeSize(rung.Streams, rung.Requests, rung.Requests))
        {
            Fleet = fleet,
            SaysWhatBinds = rung.SaysWhatBinds,
        }, scale);
    }

    PlanMeasure Saturated(PlanRung rung, SimulatedEngine engine)
    {
        var found = SaturatedThroughput.Find(engine, _serving with { Requests = rung.Requests });
        return new PlanMeasure(
            [(found?.RequestsPerSecond ?? 0) * engine.Ranks], null, null, null, null, Requests(found));
    }

    /// <summary>
    /// Engines simulated together, and units that one request per second of what is simulated stands for.
    /// </summary>
    (Fleet? Fleet, double Scale) Fleet(
        SimulatedEngine engine, SimulatedEngine prefill)
    {
        if (!_candidate.IsDisaggregated && _candidate.Router is null)
            return (null, engine.Ranks);
        var units = _candidate.Router is null ? 1 : Routed;
        var deployment = _candidate.Deployment;
        return (new Fleet
        {
            Serving = engine.Pool(units * _candidate.ServingReplicas * engine.Ranks),
            Prefill = _candidate.IsDisaggregated
                ? prefill.Pool(units * _candidate.PrefillReplicas * prefill.Ranks) : null,
            Routing = _candidate.Router ?? Core.Routing.RoutingPolicy.LeastOutstanding,
            KvTransferNsPerToken = deployment.Model.KvBytesPerToken(deployment.Kv) / TransferGbPerSecond,
        }, 1.0 / units);
    }
}
