using System;
using System.Collections.Generic;
using Plimsoll.Core.Measures;
using Plimsoll.Planning.Simulation;
using Plimsoll.Planning.Workloads;

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

    /// <summary>
    /// The load line below <paramref name="ceiling"/> requests per second, the rate that the engine carries
    /// when nobody waits for latency.
    /// </summary>
    /// <param name="ceiling">Upper end of the search; no higher rate can be sustained.</param>
    /// <param name="process">How arrivals scatter.</param>
    /// <param name="stepTimeFactor">Multiplies every step time.</param>
    public LoadLineResult Find(
        double ceiling, ArrivalProcess process = ArrivalProcess.Own, double stepTimeFactor = 1.0)
    {
        var options = _options with { StepTimeFactor = stepTimeFactor, StopWhenCertain = true };
        var kept = IdleShare * ceiling;
        if (!Holds(kept, process, options))
            return new LoadLineResult(0, Tightest(kept, process, options));
        var broken = ceiling;
        if (Holds(broken, process, options))
            return new LoadLineResult(broken, null);
        while (broken - kept > Precision * broken)
        {
            var middle = (kept + broken) / 2;
            if (Holds(middle, process, options))
                kept = middle;
            else
                broken = middle;
        }
        return new LoadLineResult(kept, Tightest(broken, process, options));
    }

    /// <summary>A complete run at a rate, measured to the end.</summary>
    public SimulationResult Measure(
        double requestsPerSecond, ArrivalProcess process = ArrivalProcess.Own, bool attributeTime = false) =>
        _engine.Run(_workload, requestsPerSecond, _options with { AttributeTime = attributeTime }, process);

    bool Holds(double rate, ArrivalProcess process, SimulationOptions options) =>
        _engine.Run(_workload, rate, options, process).Holds switch
        {
            { } verdict => verdict,
            null => throw new BadInputException(
                $"--requests {options.Requests} are too few for the promised percentiles; expected at least "
                + $"{NeededRequests()}"),
        };

    long NeededRequests()
    {
        long needed = 0;
        foreach (var limit in _limits)
            needed = Math.Max(needed, PercentileSamples.Needed(limit.Percentile));
        return (long)Math.Ceiling(needed / 0.9) + 1;
    }

    /// <summary>The limit that is broken most at a rate, and what was measured there.</summary>
    LimitBreak? Tightest(double rate, ArrivalProcess process, SimulationOptions options)
    {
        var result = _engine.Run(_workload, rate, options with { StopWhenCertain = false }, process);
        LimitBreak? worst = null;
        foreach (var limit in _limits)
        {
            if (result.Latencies[limit.Metric].PercentileNs(limit.Percentile) is not { } measuredNs)
                continue;
            var candidate = new LimitBreak(limit, measuredNs);
            if (worst is null || candidate.Ratio > worst.Value.Ratio)
                worst = candidate;
        }
        return worst;
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
/// <param name="Binding">The limit broken first; null when throughput binds before any limit.</param>
public sealed record LoadLineResult(double RequestsPerSecond, LimitBreak? Binding);
