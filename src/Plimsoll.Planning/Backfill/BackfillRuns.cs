using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Backfill;

/// <summary>
/// Simulates one engine rank of the fleet at the rates that its week brings, batch work beside the requests.
/// Streams have the same seeds whatever is compared.
/// </summary>
sealed class BackfillRuns(BackfillRequest request)
{
    /// <summary>Rates between the quietest and the busiest hour, which the week is read off.</summary>
    public const int Rates = 5;

    /// <summary>Streams of the policy that is billed, enough to tell their spread.</summary>
    public const int Streams = 4;

    /// <summary>Requests of a stream in the busiest hour; a quieter one is as long and has fewer.</summary>
    const long Requests = 2500;

    /// <summary>Enough for p95 of the measured nine tenths.</summary>
    const long Fewest = 200;

    /// <summary>Enough for every promised percentile, of all streams that are judged together.</summary>
    readonly long _needed =
        LoadLineSearch.NeededRequests(request.Serving.Levels.SelectMany(level => level.Limits));

    readonly double _busiest = HourlyRates(request).Max();

    /// <summary>Requests per second of an engine rank in every hour of the week.</summary>
    public static IReadOnlyList<double> HourlyRates(BackfillRequest request) =>
        [.. request.Serving.Workload.WeeklyEnvelope.Select(
            hour => hour * request.Serving.RequestsPerSecond / request.Ranks)];

    /// <summary>The rates, from the quietest to the busiest hour; one where all hours are alike.</summary>
    public static IReadOnlyList<double> Grid(IReadOnlyList<double> hourly)
    {
        var (low, high) = (hourly.Min(), hourly.Max());
        return high - low < 0.01 * high
            ? [high]
            : [.. Enumerable.Range(0, Rates).Select(i => low + i * (high - low) / (Rates - 1))];
    }

    public IReadOnlyList<BackfillPoint> Sweep(
        IReadOnlyList<double> rates, SchedulingPolicy policy, BatchGateOptions gate,
        double margin = SimulationOptions.UsualStepMargin)
    {
        var runs = new SimulationResult[rates.Count * Streams];
        Parallel.For(0, runs.Length, i => runs[i] = Run(
            rates[i / Streams], policy, gate, i % Streams, Streams, margin, request.Serving.Levels,
            attribute: true));
        return [.. rates.Select((rate, i) => BackfillPoint.Of(
            rate, request.Serving.Levels, runs.AsSpan(i * Streams, Streams).ToArray()))];
    }

    /// <summary>
    /// A sweep under slack beside lines that come at a rate; where there is no room for all of them, that
    /// beside a backlog.
    /// </summary>
    public IReadOnlyList<BackfillPoint> Beside(IReadOnlyList<BackfillPoint> backlog, double lines)
    {
        var points = backlog.ToArray();
        var roomy = Enumerable.Range(0, points.Length)
            .Where(i => points[i].LinesPerSecond.Average() > lines).ToList();
        var runs = new SimulationResult[roomy.Count * Streams];
        Parallel.For(0, runs.Length, i => runs[i] = Run(
            points[roomy[i / Streams]].RequestsPerSecond, SchedulingPolicy.InSlack, new BatchGateOptions(),
            i % Streams, Streams, SimulationOptions.UsualStepMargin, request.Serving.Levels, attribute: true,
            lines: lines));
        for (var i = 0; i < roomy.Count; i++)
        {
            points[roomy[i]] = BackfillPoint.Of(
                points[roomy[i]].RequestsPerSecond, request.Serving.Levels,
                runs.AsSpan(i * Streams, Streams).ToArray());
        }
        return points;
    }

    /// <summary>The streams of a rate without batch work, by the fleet's own policy.</summary>
    public IReadOnlyList<SimulationResult> Alone(double rate)
    {
        var runs = new SimulationResult[Streams];
        Parallel.For(0, runs.Length, i => runs[i] = Alone(rate, i));
        return runs;
    }

    /// <summary>Rates without batch work, one stream each.</summary>
    public IReadOnlyList<BackfillPoint> Quiet(IReadOnlyList<double> rates)
    {
        var runs = new SimulationResult[rates.Count];
        Parallel.For(0, runs.Length, i => runs[i] = Alone(rates[i], stream: 0));
        return [.. rates.Select((rate, i) => new BackfillPoint(rate, true, [0], runs[i].BusyShare, 0, 0, 0))];
    }

    SimulationResult Alone(double rate, int stream) => Run(
        rate, request.Engine.Limits.Policy, new BatchGateOptions(), stream, Streams,
        SimulationOptions.UsualStepMargin, request.Serving.Levels, attribute: false, hasBatch: false);

    /// <summary>
    /// Lines per second of each stream at a rate under other promises; null where the promise is not kept.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<double>?> Under(
        double rate, IReadOnlyList<IReadOnlyList<LevelPromise>> promises)
    {
        var runs = new SimulationResult[promises.Count * Streams];
        Parallel.For(0, runs.Length, i => runs[i] = Run(
            rate, SchedulingPolicy.InSlack, new BatchGateOptions(), i % Streams, Streams,
            SimulationOptions.UsualStepMargin, promises[i / Streams], attribute: false));
        return [.. promises.Select((promise, i) =>
            Lines(promise, runs.AsSpan(i * Streams, Streams).ToArray()))];
    }

    static IReadOnlyList<double>? Lines(
        IReadOnlyList<LevelPromise> promise, IReadOnlyList<SimulationResult> runs) =>
        BackfillPoint.Keeps(promise, PooledRuns.Of(runs)) == true
            ? [.. runs.Select(run => run.Batch!.LinesPerSecond)]
            : null;

    /// <summary>
    /// The most lines a static gate may let through, so that the promise is kept in the busiest hour; 0 when
    /// none.
    /// </summary>
    public int StaticLines(SchedulingPolicy policy)
    {
        int few = 0, many = 10;
        while (many - few > 1)
        {
            var middle = (few + many) / 2;
            if (Keeps(policy, 1 << (middle - 1)))
                few = middle;
            else
                many = middle;
        }
        return few == 0 ? 0 : 1 << (few - 1);
    }

    bool Keeps(SchedulingPolicy policy, int lines) =>
        Sweep([_busiest], policy, new BatchGateOptions { Lines = lines })[0].Holds;

    SimulationResult Run(
        double rate, SchedulingPolicy policy, BatchGateOptions gate, int stream, int streams, double margin,
        IReadOnlyList<LevelPromise> levels, bool attribute, bool hasBatch = true,
        double? lines = null)
    {
        var engine = request.Engine;
        engine = engine with { Limits = engine.Limits with { Policy = policy } };
        return engine.Run(
            request.Serving.Workload, rate, Options(rate, stream, streams) with
            {
                Levels = levels,
                AttributeTime = attribute,
                BatchWorkload = hasBatch ? request.Batch : null,
                BatchLinesPerSecond = lines,
                MinBatchShare = hasBatch ? request.MinShare : 0,
                TenantWeights = request.TenantWeights,
                BatchWindowNs = request.WindowNs,
                BatchGate = gate,
                StepMargin = margin,
            },
            ArrivalProcess.Representative);
    }

    /// <summary>The requests of a stream at a rate, beside a backlog under the fleet's own promise.</summary>
    /// <param name="rate">Requests per second.</param>
    /// <param name="stream">Which.</param>
    /// <param name="streams">As many are judged together.</param>
    public SimulationOptions Options(double rate, int stream, int streams)
    {
        var least = Math.Max(Fewest, (_needed + streams - 1) / streams + 1);
        var requests = Math.Max(least, (long)(Requests * rate / _busiest));
        return new SimulationOptions
        {
            Requests = requests,
            WarmupRequests = requests / 10,
            Seed = request.Serving.Seed + (ulong)(stream + 1) * 0x9E3779B97F4A7C15UL,
            Levels = request.Serving.Levels,
            BatchWorkload = request.Batch,
        };
    }
}
