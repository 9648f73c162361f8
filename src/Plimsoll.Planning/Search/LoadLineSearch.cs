using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Inputs.Choices;
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

    /// <summary>How far from the guess a stream's load line is looked for first.</summary>
    const double Near = 0.04;

    /// <summary>Of a stream's requests one in so many is enough for a guess.</summary>
    const int ShortShare = 8;

    readonly SimulatedEngine _engine;
    readonly Serving _serving;
    readonly ProbeSize _size;
    long _simulated;

    /// <param name="engine">One engine rank.</param>
    /// <param name="serving">The workload and its promises.</param>
    /// <param name="size">How much each probe simulates.</param>
    public LoadLineSearch(SimulatedEngine engine, Serving serving, ProbeSize size)
    {
        _engine = engine;
        _serving = serving;
        _size = size;
    }

    /// <summary>Called after each simulated run with its requests, on the thread that ran it.</summary>
    public Action<long>? AfterRun { get; init; }

    /// <summary>
    /// Whether a run more says what binds just above the line; of a promise that holds at no rate it is
    /// always said.
    /// </summary>
    public bool SaysWhatBinds { get; init; } = true;

    /// <summary>
    /// Engines that share the traffic, whose load line is then found as one; one engine rank when null.
    /// </summary>
    public Fleet? Fleet { get; init; }

    /// <summary>
    /// Requests that arrived in all runs so far, which is fewer than were asked for where a verdict was
    /// certain before.
    /// </summary>
    public long Simulated => Interlocked.Read(ref _simulated);

    /// <summary>Fewest requests of a probe, warm-up included, whose percentiles may be judged.</summary>
    public static long NeededRequests(IEnumerable<Limit> limits)
    {
        long needed = 0;
        foreach (var limit in limits)
            needed = Math.Max(needed, PercentileSamples.Needed(limit.Percentile));
        return (long)Math.Ceiling(needed / 0.9) + 1;
    }

    /// <summary>
    /// The load line below <paramref name="ceiling"/> requests per second, the rate that the engine carries
    /// when nobody waits for latency: the mean over the streams.
    /// </summary>
    /// <param name="ceiling">Upper end of the search; no higher rate can be sustained.</param>
    /// <param name="process">How arrivals scatter.</param>
    /// <param name="near">About where it lies, if that is known: a place to look from; 0 if not.</param>
    public LoadLineResult Find(
        double ceiling, ArrivalProcess process = ArrivalProcess.Own, double near = 0)
    {
        var probe = Certain(process);
        var brackets = new (double Kept, double? Broken)[_size.Streams];
        var guess = near > 0 ? Math.Min(near, ceiling) : Glance(probe, ceiling);
        var known = 0;
        if (guess == 0)
        {
            brackets[0] = Bisect(probe, 0, 0, ceiling, ceiling, Precision);
            guess = brackets[0].Kept;
            known = 1;
        }
        if (guess > 0)
        {
            Parallel.For(known, brackets.Length,
                stream => brackets[stream] = FindNear(probe, stream, guess, ceiling));
        }
        var lines = Array.ConvertAll(brackets, bracket => bracket.Kept);
        return brackets[0].Broken is { } broken && (SaysWhatBinds || lines[0] == 0)
            ? Broken(lines, broken, probe)
            : new LoadLineResult(lines, null, 0);
    }

    /// <summary>
    /// Whether any stream keeps the promise at a rate: where none does, the load line is surely lower. A
    /// probe of each that stops once its verdict is certain costs far less than a search.
    /// </summary>
    public bool MayReach(double requestsPerSecond)
    {
        var probe = Certain(ArrivalProcess.Own);
        var holds = new bool[_size.Streams];
        Parallel.For(0, holds.Length, stream => holds[stream] = Holds(probe, stream, requestsPerSecond));
        return Array.IndexOf(holds, true) >= 0;
    }

    /// <summary>Complete runs of every stream at a rate, measured to the end and pooled.</summary>
    /// <param name="requestsPerSecond">Of one engine rank.</param>
    /// <param name="process">How arrivals scatter.</param>
    /// <param name="attributeTime">Whether to tell computing time by what caused it.</param>
    /// <param name="observer">Told of the first stream's steps.</param>
    public SimulationResult Measure(
        double requestsPerSecond, ArrivalProcess process = ArrivalProcess.Own, bool attributeTime = false,
        StepObserver? observer = null) =>
        Measure(_ => requestsPerSecond, process, attributeTime, observer);

    /// <summary>
    /// Complete runs of every stream at its own load line, measured to the end and pooled: their percentiles
    /// keep the promise together as each stream does alone. One that keeps it at no rate runs at the mean.
    /// </summary>
    public SimulationResult Measure(LoadLineResult found, bool attributeTime = false) =>
        Measure(
            stream => found.Lines[stream] > 0 ? found.Lines[stream] : found.RequestsPerSecond,
            ArrivalProcess.Own, attributeTime, observer: null);

    SimulationResult Measure(
        Func<int, double> rateOf, ArrivalProcess process, bool attributeTime, StepObserver? observer)
    {
        var probe = new Probe(process, Options(process) with { AttributeTime = attributeTime });
        var observed = probe with { Options = probe.Options with { StepObserver = observer } };
        var runs = new SimulationResult[_size.Streams];
        Parallel.For(0, runs.Length, stream =>
            runs[stream] = Run(stream == 0 ? observed : probe, stream, rateOf(stream)));
        return PooledRuns.Of(runs);
    }

    Probe Certain(ArrivalProcess process) => new(process, Options(process) with
    {
        StopWhenCertain = true,
        Levels = LateFirstTokens.Of(_serving.Levels, _engine.StepTime.Draw),
    });

    SimulationOptions Options(ArrivalProcess process)
    {
        var requests = process == ArrivalProcess.Own ? _size.Requests : _size.SmoothRequests;
        return new SimulationOptions
        {
            Requests = requests,
            WarmupRequests = requests / 10,
            Seed = _serving.Seed,
            Levels = _serving.Levels,
        };
    }

    /// <summary>
    /// One stream's bracket: kept at the lower end, which is 0 where even an idle engine breaks the promise,
    /// and broken at the upper, which is null where the ceiling keeps it.
    /// </summary>
    (double Kept, double? Broken) Bisect(
        Probe probe, int stream, double kept, double broken, double ceiling, double precision)
    {
        if (kept == 0)
        {
            kept = IdleShare * ceiling;
            if (!Holds(probe, stream, kept))
                return (0, kept);
        }
        if (broken >= ceiling && Holds(probe, stream, ceiling))
            return (ceiling, null);
        while (broken - kept > precision * broken)
        {
            var middle = (kept + broken) / 2;
            if (Holds(probe, stream, middle))
                kept = middle;
            else
                broken = middle;
        }
        return (kept, broken);
    }

    /// <summary>
    /// About where the load line lies, from a short piece of the first stream: a place to look from, no
    /// verdict. 0 where a piece is too short for the percentiles, or keeps the promise at no rate.
    /// </summary>
    double Glance(Probe probe, double ceiling)
    {
        var requests = probe.Options.Requests / ShortShare;
        if (requests < NeededRequests(_serving.Limits))
            return 0;
        var options = probe.Options with { Requests = requests, WarmupRequests = requests / 10 };
        var glance = probe with { Options = options, IsGlance = true };
        return Bisect(glance, 0, 0, ceiling, ceiling, 2 * Near).Kept;
    }

    /// <summary>The bracket of a stream whose load line is likely near a rate.</summary>
    (double Kept, double? Broken) FindNear(Probe probe, int stream, double guess, double ceiling)
    {
        double kept = 0, broken = ceiling;
        for (var reach = Near; reach < 1; reach *= 2)
        {
            var lower = (1 - reach) * guess;
            if (Holds(probe, stream, lower))
            {
                kept = lower;
                break;
            }
            broken = lower;
        }
        for (var reach = Near; broken >= ceiling && (1 + reach) * guess < ceiling; reach *= 2)
        {
            var upper = (1 + reach) * guess;
            if (!Holds(probe, stream, upper))
                broken = upper;
            else
                kept = upper;
        }
        return Bisect(probe, stream, kept, broken, ceiling, Precision);
    }

    bool Holds(Probe probe, int stream, double rate)
    {
        var run = Run(probe, stream, rate);
        if (run.Holds is { } holds)
            return holds;
        // A level of a mixture may have too few requests in a glance: a guess too low costs only time.
        if (probe.IsGlance)
            return false;
        throw TooFew(probe.Options, run);
    }

    /// <summary>
    /// The limit with the fewest samples for its percentile; under the name of what was typed.
    /// </summary>
    BadInputException TooFew(SimulationOptions options, SimulationResult run)
    {
        var (least, level, scarce) = (double.PositiveInfinity, 0, default(Limit));
        for (var i = 0; i < options.Levels.Count; i++)
        {
            foreach (var limit in options.Levels[i].Limits)
            {
                var share = (double)run.Levels[i].Measured / PercentileSamples.Needed(limit.Percentile);
                if (share < least)
                    (least, level, scarce) = (share, i, limit);
            }
        }
        var measured = run.Levels[level].Measured;
        var needed = PercentileSamples.Needed(scarce.Percentile);
        BadInputText problem = $"{measured} are measured at level {options.Levels[level].Spec.Name}, "
            + $"where {PromiseText.Of(scarce)} takes {needed}";
        return _serving.Requests is { } given
            ? new BadInputException($"{Setting.Requests} {given}", problem, $"more, or a lower percentile")
            : new BadInputException(
                $"{Setting.Workload} {_serving.Workload.Name}", $"of {options.Requests} requests {problem}",
                $"a lower percentile, or more {Setting.Requests}");
    }

    /// <summary>Load lines, and at a rate above the first the limit that is broken most.</summary>
    LoadLineResult Broken(double[] lines, double rate, Probe probe)
    {
        var options = probe.Options with { StopWhenCertain = false };
        var result = Run(probe with { Options = options }, stream: 0, rate);
        var unserved = (double)result.Failed / Math.Max(1, result.Requests);
        LimitBreak? worst = null;
        for (var level = 0; level < options.Levels.Count; level++)
        {
            foreach (var limit in options.Levels[level].Limits)
            {
                // A request that is not served is later than any that is.
                var percentile = limit.Percentile / (1 - unserved);
                var latencies = result.Levels[level].Latencies[limit.Metric];
                if (percentile >= 100 || latencies.PercentileNs(percentile) is not { } measuredNs)
                    continue;
                var candidate = new LimitBreak(limit, measuredNs);
                if (worst is null || candidate.Ratio > worst.Value.Ratio)
                    worst = candidate;
            }
        }
        return new LoadLineResult(lines, worst, unserved);
    }

    /// <summary>
    /// Streams have seeds of their own, the same whatever is simulated: what is compared meets the same
    /// draws.
    /// </summary>
    SimulationResult Run(Probe probe, int stream, double rate)
    {
        var process = probe.Process == ArrivalProcess.Own ? ArrivalProcess.Representative : probe.Process;
        var options = probe.Options with { Seed = probe.Options.Seed + (ulong)stream * 0x9E3779B97F4A7C15UL };
        var result = _engine.Run(_serving.Workload, rate, options, process, fleet: Fleet);
        Interlocked.Add(ref _simulated, result.Requests);
        AfterRun?.Invoke(options.Requests);
        return result;
    }

    sealed record Probe(ArrivalProcess Process, SimulationOptions Options, bool IsGlance = false);
}

/// <summary>A limit and what was measured of it.</summary>
public readonly record struct LimitBreak(Limit Limit, long MeasuredNs)
{
    /// <summary>Measured over limit; above 1 the limit is broken.</summary>
    public double Ratio => (double)MeasuredNs / Limit.LimitNs;
}

/// <summary>The highest sustainable rate and what binds just above it.</summary>
/// <param name="Lines">Of each stream, requests per second of one engine rank.</param>
/// <param name="Binding">
/// The limit broken first; null when throughput binds before any limit, or when too few requests are served.
/// </param>
/// <param name="Unserved">Share of the requests, 0 to 1, that one replica cannot hold.</param>
public sealed record LoadLineResult(IReadOnlyList<double> Lines, LimitBreak? Binding, double Unserved)
{
    /// <summary>The mean over the streams; 0 when even an idle engine breaks a limit.</summary>
    public double RequestsPerSecond { get; } = Samples.Mean(Lines);

    /// <summary>Standard error of the mean; null with one stream, which cannot tell.</summary>
    public double? StandardError { get; } = Samples.StandardError(Lines);
}
