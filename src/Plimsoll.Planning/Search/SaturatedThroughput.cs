using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Core.Measures;
using Plimsoll.Inputs.Choices;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Search;

/// <summary>
/// What an engine rank carries when nobody waits: all requests are there from the start, and the rate is
/// taken between the completion of the first fifth and of the fourth, where the batch is full.
/// </summary>
public sealed record SaturatedThroughput(double RequestsPerSecond, SimulationResult Run)
{
    /// <summary>Of the first stream.</summary>
    internal StepSample Steps { get; private init; } = new();

    /// <summary>Requests needed for the batch to turn over several times.</summary>
    const int TurnsOfTheBatch = 8;

    /// <summary>Independent streams that the rate is the mean of.</summary>
    const int Streams = 2;

    const long UsualRequests = 10_000;

    /// <summary>An engine that can serve no request at all throws <see cref="BadInputException"/>.</summary>
    public static SaturatedThroughput Of(
        SimulatedEngine engine, Serving serving, bool attributeTime = false) =>
        Find(engine, serving, attributeTime) ?? throw new BadInputException(
            $"no request of {serving.Workload.Name} fits the KV memory of {engine.Memory.Tokens} tokens; "
                + "expected more memory per replica or shorter prompts");

    /// <summary>Null when the engine can serve no request at all.</summary>
    /// <param name="engine">Its one rank, whose rate is told.</param>
    /// <param name="serving">What is served.</param>
    /// <param name="attributeTime">Whether to tell computing time by what caused it.</param>
    /// <param name="fleet">Engines that share the traffic, whose rate is then told as one.</param>
    public static SaturatedThroughput? Find(
        SimulatedEngine engine, Serving serving, bool attributeTime = false, Fleet? fleet = null)
    {
        var workload = serving.Workload;
        if (!workload.ClosedLoop)
            return Find(engine, serving, attributeTime, openSessions: null, fleet);
        // Too many sessions in turn push each other's contexts out of the prefix cache, too few leave the
        // engine idle: the best of the counts around what memory holds.
        var held = Math.Max(1, (int)(engine.Memory.Tokens / Math.Max(1, workload.MeanPromptTokens)))
            * (fleet?.Serving.Replicas ?? 1);
        SaturatedThroughput? best = null;
        foreach (var sessions in new SortedSet<int> { Math.Max(1, held / 2), held, 2 * held })
        {
            var found = Find(engine, serving, attributeTime, sessions, fleet);
            if (best is null || found?.RequestsPerSecond > best.RequestsPerSecond)
                best = found ?? best;
        }
        return best;
    }

    static SaturatedThroughput? Find(
        SimulatedEngine engine, Serving serving, bool attributeTime, int? openSessions, Fleet? fleet)
    {
        var streams = new SaturatedThroughput?[Streams];
        Parallel.For(0, Streams, i => streams[i] = Stream(
            engine, serving with { Seed = serving.Seed + (ulong)i * 0x9E3779B97F4A7C15UL }, attributeTime,
            openSessions, fleet));
        var found = streams.OfType<SaturatedThroughput>().ToList();
        return found.Count == 0 ? null : new SaturatedThroughput(
            found.Average(s => s.RequestsPerSecond), PooledRuns.Of([.. found.Select(s => s.Run)]))
        {
            Steps = found[0].Steps,
        };
    }

    static SaturatedThroughput? Stream(
        SimulatedEngine engine, Serving serving, bool attributeTime, int? openSessions, Fleet? fleet)
    {
        var ranks = fleet is null ? engine.LockstepRanks : 1;
        var requests = (fleet?.Serving.Replicas ?? ranks) * Math.Max(
            serving.Requests ?? UsualRequests, TurnsOfTheBatch * (long)engine.Limits.MaxNumSeqs);
        var first = requests / 5;
        var last = requests * 4 / 5;
        long done = 0, firstNs = 0, lastNs = 0;
        var steps = new StepSample();
        var options = new SimulationOptions
        {
            Requests = requests,
            Seed = serving.Seed,
            Levels = serving.Levels,
            AttributeTime = attributeTime,
            StepObserver = steps.Add,
            Observer = (in CompletedRequest request) =>
            {
                done++;
                if (done == first)
                    firstNs = request.LastTokenNs;
                else if (done == last)
                    lastNs = request.LastTokenNs;
            },
        };
        var run = engine.Run(
            serving.Workload, serving.Workload.RequestsPerSecond, options, ArrivalProcess.AtOnce,
            openSessions, fleet);
        if (run.Completed == 0)
            return null;
        var rate = lastNs > firstNs
            ? (last - first) * 1e9 / (lastNs - firstNs)
            : run.Completed / run.MakespanS;
        return new SaturatedThroughput(rate / ranks, run) { Steps = steps };
    }
}
