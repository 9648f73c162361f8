using System;
using System.Collections.Generic;
using Plimsoll.Core;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Search;

/// <summary>
/// Finds the load line of one engine rank: the highest rate, the shape of the arrivals kept, at which every
/// limit holds. Each probe replays the same draws at another rate and stops once its verdict is certain.
/// </summary>
public sealed class LoadLineSearch
{
    /// <summary>The search ends when the bracket is this narrow, relative to its upper end.</summary>
    public const double Precision = 0.01;

    /// <summary>A rate this small share of the ceiling stands for an idle engine.</summary>
    public const double IdleShare = 0.002;

    readonly SimulatedEngine _engine;
    readonly Workload _workload;
    readonly IReadOnlyList<Limit> _limits;
    readonly SimulationOptions _options;

    public LoadLineSearch(
        SimulatedEngine engine, Workload workload, IReadOnlyList<Limit> limits, long requests, ulong seed)
    {
        if (requests < NeededRequests(limits))
        {
            throw new BadInputException(
                $"{Setting.Requests} {requests}", "too few for the promised percentiles",
                $"at least {NeededRequests(limits)}");
        }
        _engine = engine;
        _workload = workload;
        _limits = limits;
        _options = new SimulationOptions
        {
            Requests = requests,
            WarmupRequests = requests / 10,
            Seed = seed,
            Limits = limits,
        };
    }

    /// <summary>Called after each simulated run, on the thread that ran it.</summary>
    public Action? AfterRun { get; init; }

    /// <summary>Fewest requests of a probe, warm-up included, whose percentiles may be judged.</summary>
    public static long NeededRequests(IReadOnlyList<Limit> limits)
    {
        long needed = 0;
        foreach (var limit in limits)
            needed = Math.Max(needed, PercentileSamples.Needed(limit.Percentile));
        return (long)Math.Ceiling(needed / 0.9) + 1;
    }

    /// <summary>
    /// The load line below <paramref name="ceiling"/> requests per second, the rate that the engine carries
    /// when nobody waits for latency.
    /// </summary>
    /// <param name="ceiling">Upper end of the search; no higher rate can be sustained.</param>
    /// <param name="process">How arrivals scatter.</param>
    /// <param name="end">The prediction, when null, or an end of its interval.</param>
    public LoadLineResult Find(
        double ceiling, ArrivalProcess process = ArrivalProcess.Own, StepEnd? end = null)
    {
        var at = end ?? StepEnd.Predicted;
        var options = _options with
        {
            End = at,
            StopWhenCertain = true,
            Limits = Stretched(at.FirstTokenFactor),
        };
        var kept = IdleShare * ceiling;
        if (!Holds(kept, process, options))
            return Broken(0, kept, process, options);
        var broken = ceiling;
        if (Holds(broken, process, options))
            return new LoadLineResult(broken, null, 0);
        while (broken - kept > Precision * broken)
        {
            var middle = (kept + broken) / 2;
            if (Holds(middle, process, options))
                kept = middle;
            else
                broken = middle;
        }
        return Broken(kept, broken, process, options);
    }

    /// <summary>A complete run at a rate, measured to the end.</summary>
    public SimulationResult Measure(
        double requestsPerSecond, ArrivalProcess process = ArrivalProcess.Own, bool attributeTime = false,
        StepEnd? end = null) =>
        Run(requestsPerSecond, process, _options with
        {
            AttributeTime = attributeTime,
            End = end ?? StepEnd.Predicted,
        });

    /// <summary>
    /// A TTFT that is longer by a factor keeps its limit when the shorter one keeps the limit over it.
    /// </summary>
    IReadOnlyList<Limit> Stretched(double firstTokenFactor)
    {
        if (firstTokenFactor == 1)
            return _limits;
        var limits = new List<Limit>();
        foreach (var limit in _limits)
        {
            limits.Add(limit.Metric == Metric.Ttft
                ? limit with { LimitNs = (long)(limit.LimitNs / firstTokenFactor) }
                : limit);
        }
        return limits;
    }

    bool Holds(double rate, ArrivalProcess process, SimulationOptions options) =>
        Run(rate, process, options).Holds ?? throw new BadInputException(
            $"{Setting.Requests} {options.Requests}",
            $"{_workload.Name} gives too few of them for the promised percentiles", "more");

    /// <summary>A load line, and at a rate above it the limit that is broken most.</summary>
    LoadLineResult Broken(double line, double rate, ArrivalProcess process, SimulationOptions options)
    {
        var result = Run(rate, process, options with { StopWhenCertain = false });
        var unserved = (double)result.Failed / Math.Max(1, result.Requests);
        LimitBreak? worst = null;
        foreach (var limit in options.Limits)
        {
            // A request that is not served is later than any that is.
            var percentile = limit.Percentile / (1 - unserved);
            if (percentile >= 100
                || result.Latencies[limit.Metric].PercentileNs(percentile) is not { } measuredNs)
            {
                continue;
            }

            var candidate = new LimitBreak(limit, measuredNs);
            if (worst is null || candidate.Ratio > worst.Value.Ratio)
                worst = candidate;
        }
        return new LoadLineResult(line, worst, unserved);
    }

    SimulationResult Run(double rate, ArrivalProcess process, SimulationOptions options)
    {
        var result = _engine.Run(_workload, rate, options, process);
        AfterRun?.Invoke();
        return result;
    }
}

/// <summary>A limit and what was measured of it.</summary>
public readonly record struct LimitBreak(Limit Limit, long MeasuredNs)
{
    /// <summary>Measured over limit; above 1 the limit is broken.</summary>
    public double Ratio => (double)MeasuredNs / Limit.LimitNs;
}

/// <summary>The highest sustainable rate and what binds just above it.</summary>
/// <param name="RequestsPerSecond">Of one engine rank; 0 when even an idle engine breaks a limit.</param>
/// <param name="Binding">
/// The limit broken first; null when throughput binds before any limit, or when too few requests are served.
/// </param>
/// <param name="Unserved">Share of the requests, 0 to 1, that one replica cannot hold.</param>
public sealed record LoadLineResult(double RequestsPerSecond, LimitBreak? Binding, double Unserved);
