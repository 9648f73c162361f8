using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Inputs.Choices;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Search;

/// <summary>One deployment with its load line, and what its fleet takes.</summary>
/// <param name="Engine">One engine rank.</param>
/// <param name="Line">Of one rank; 0 where the promise cannot be kept.</param>
/// <param name="Accelerators">Of the whole fleet at the busiest hour, spares included; null without a
/// line.</param>
public sealed record SizedEngine(SimulatedEngine Engine, LoadLineResult Line, long? Accelerators)
{
    /// <summary>What a rank carries when nobody waits; null where it serves nothing.</summary>
    public SaturatedThroughput? Full { get; init; }
}

/// <summary>
/// Settles the degrees of parallelism that a choice of deployment leaves open, by the bill of the fleet
/// that they
/// make: whole replicas, busiest hour and spares included.
/// </summary>
public static class EngineChoice
{
    /// <summary>Fleets within this factor of the cheapest at a glance are looked at in full.</summary>
    const double Close = 1.2;

    /// <summary>
    /// The engine of the cheapest fleet that keeps the promise; the nearest miss if none does.
    /// </summary>
    /// <param name="serving">What is served.</param>
    /// <param name="spareReplicas">Replicas beyond what the busiest hour needs.</param>
    /// <param name="progress">Told the share of the work that is done.</param>
    public static SizedEngine Of(Serving serving, int spareReplicas, Action<double>? progress = null) =>
        Of(serving, spareReplicas, new RunProgress(progress, RunProgress.Choice));

    internal static SizedEngine Of(Serving serving, int spareReplicas, RunProgress progress)
    {
        var engines = new List<SimulatedEngine>();
        foreach (var deployment in ParallelismChoice.Candidates(serving.Deployment))
        {
            var stepTime = serving.Deployment.ModelOf(deployment);
            engines.Add(SimulatedEngine.Of(stepTime, serving.Policy, serving.MeanContextTokens));
        }
        if (engines.Count == 1)
            return Sized(serving, engines[0], spareReplicas, ProbeSize.UsualStreams, progress);
        var glanced = All(engines, ofStreams: 1);
        var cheapest = glanced.Min(e => e.Accelerators) ?? long.MaxValue;
        var close = glanced.Where(e => e.Accelerators is null ? cheapest == long.MaxValue
            : e.Accelerators <= Close * cheapest).Select(e => e.Engine).ToList();
        return All(close, ProbeSize.UsualStreams)
            .Aggregate((best, other) => IsBetter(other, best) ? other : best);

        SizedEngine[] All(IReadOnlyList<SimulatedEngine> of, int ofStreams)
        {
            var sized = new SizedEngine[of.Count];
            Parallel.For(
                0, sized.Length, i => sized[i] = Sized(serving, of[i], spareReplicas, ofStreams, progress));
            return sized;
        }
    }

    /// <summary>An engine with its load line and fleet; one that serves nothing at all has none.</summary>
    static SizedEngine Sized(
        Serving serving, SimulatedEngine engine, int spareReplicas, int streams, RunProgress progress)
    {
        if (SaturatedThroughput.Find(engine, serving) is not { } ceiling)
            return new SizedEngine(engine, new LoadLineResult([0], null, Unserved: 1), null);
        var size = ProbeSize.Of(serving, ceiling.RequestsPerSecond);
        size = size with { Streams = Math.Min(streams, size.Streams) };
        var search = new LoadLineSearch(engine, serving, size) { AfterRun = progress.Ran };
        var line = search.Find(ceiling.RequestsPerSecond);
        if (line.RequestsPerSecond <= 0)
            return new SizedEngine(engine, line, null) { Full = ceiling };
        var peak = serving.RequestsPerSecond * FleetSize.PeakOverMean(serving.Workload.WeeklyEnvelope);
        var replicas = FleetSize.Replicas(peak, line.RequestsPerSecond * engine.Ranks) + spareReplicas;
        return new SizedEngine(engine, line, (long)replicas * engine.Deployment.Accelerators)
        {
            Full = ceiling,
        };
    }

    static bool IsBetter(SizedEngine a, SizedEngine b)
    {
        if (a.Accelerators != b.Accelerators)
            return a.Accelerators is { } own && !(own >= b.Accelerators);
        if (a.Accelerators is not null)
            return PerAccelerator(a) > PerAccelerator(b);
        return a.Line.Unserved < b.Line.Unserved
            || (a.Line.Unserved == b.Line.Unserved && a.Line.Binding?.Ratio < b.Line.Binding?.Ratio);
    }

    static double PerAccelerator(SizedEngine sized) =>
        sized.Line.RequestsPerSecond * sized.Engine.Ranks / sized.Engine.Deployment.Accelerators;
}
