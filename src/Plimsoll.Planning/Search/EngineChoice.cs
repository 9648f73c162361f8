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

    /// <summary>Others of the same choice whose fleets take as many accelerators.</summary>
    public IReadOnlyList<SizedEngine> AsCheap { get; init; } = [];
}

/// <summary>
/// Settles the degrees of parallelism that a choice of deployment leaves open, by the bill of the fleet that
/// they make: whole replicas, busiest hour and spares included. One after the other they try to beat the best
/// so far; most fail by what they carry at most, or in one short probe at the rate that would win.
/// </summary>
public static class EngineChoice
{
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
            var stepTime = serving.Deployment.ModelOf(deployment, serving.MeanContextTokens);
            engines.Add(SimulatedEngine.Of(stepTime, serving.Policy, serving.MeanContextTokens));
        }
        var contenders = new Contender[engines.Count];
        Parallel.For(0, contenders.Length, i => contenders[i] = new Contender(
            engines[i], SaturatedThroughput.Find(engines[i], serving), serving, spareReplicas, progress));
        SizedEngine? best = null;
        var all = new List<SizedEngine>();
        foreach (var contender in contenders.OrderByDescending(c => c.CeilingPerAccelerator))
        {
            if (best is not null && !contender.MayBeat(best))
                continue;
            var sized = contender.Sized();
            all.Add(sized);
            if (best is null || IsBetter(sized, best))
                best = sized;
        }
        return best! with
        {
            AsCheap = [.. all.Where(e => e != best && e.Accelerators == best!.Accelerators)],
        };
    }

    /// <summary>The smaller fleet; of two as large the one that carries more.</summary>
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

    /// <summary>An engine whose fleet may be the cheapest.</summary>
    /// <param name="engine">One engine rank.</param>
    /// <param name="full">What it carries when nobody waits; null where it serves no request at all.</param>
    /// <param name="serving">What is served.</param>
    /// <param name="spareReplicas">Replicas beyond what the busiest hour needs.</param>
    /// <param name="progress">Told of each run.</param>
    sealed class Contender(
        SimulatedEngine engine, SaturatedThroughput? full, Serving serving, int spareReplicas,
        RunProgress progress)
    {
        readonly double _peak =
            serving.RequestsPerSecond * FleetSize.PeakOverMean(serving.Workload.WeeklyEnvelope);

        public double CeilingPerAccelerator =>
            (full?.RequestsPerSecond ?? 0) * engine.Ranks / engine.Deployment.Accelerators;

        /// <summary>
        /// Whether it can still turn out better: no engine's load line is above what it carries when nobody
        /// waits, and where no stream keeps the promise at the rate that would win, it does not win.
        /// </summary>
        public bool MayBeat(SizedEngine best)
        {
            if (full is null || best.Accelerators is not { } accelerators)
                return full is not null;
            var rate = RateToBeat(best, accelerators);
            return rate <= full.RequestsPerSecond && Search().MayReach(rate);
        }

        /// <summary>With its load line and fleet; one that serves nothing at all has none.</summary>
        public SizedEngine Sized()
        {
            if (full is null)
                return new SizedEngine(engine, new LoadLineResult([0], null, Unserved: 1), null);
            var line = Search().Find(full.RequestsPerSecond);
            if (line.RequestsPerSecond <= 0)
                return new SizedEngine(engine, line, null) { Full = full };
            var replicas =
                FleetSize.Replicas(_peak, line.RequestsPerSecond * engine.Ranks) + spareReplicas;
            return new SizedEngine(engine, line, (long)replicas * engine.Deployment.Accelerators)
            {
                Full = full,
            };
        }

        /// <summary>The lowest load line of a rank with which <see cref="IsBetter"/> holds.</summary>
        double RateToBeat(SizedEngine best, long accelerators)
        {
            var own = engine.Deployment.Accelerators;
            var replicas = accelerators / own;
            var asLarge = replicas * own == accelerators;
            var smaller = RateWith(asLarge ? replicas - 1 : replicas);
            if (!asLarge)
                return smaller;
            return Math.Min(
                smaller, Math.Max(RateWith(replicas), PerAccelerator(best) * own / engine.Ranks));
        }

        /// <summary>What so many replicas ask of a rank; infinite where they are all spares.</summary>
        double RateWith(long replicas) => replicas > spareReplicas
            ? _peak / (replicas - spareReplicas) / engine.Ranks
            : double.PositiveInfinity;

        LoadLineSearch Search() => new(engine, serving, ProbeSize.Of(serving, full!.RequestsPerSecond))
        {
            AfterRun = progress.Ran,
        };
    }
}
