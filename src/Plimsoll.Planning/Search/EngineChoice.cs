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

    /// <summary>
    /// Accelerators at the dear end of the fleet's interval, infinite where the promise breaks there; null
    /// where nothing came close enough to ask.
    /// </summary>
    public double? AcceleratorsAtWorst { get; init; }

    /// <summary>Others whose fleets came close as predicted, and were asked for their draws.</summary>
    public IReadOnlyList<SizedEngine> Near { get; init; } = [];

    internal DrawnLines? Drawn { get; init; }
}

/// <summary>
/// Settles the degrees of parallelism that a choice of deployment leaves open, by the bill of the fleet that
/// they make: whole replicas, busiest hour and spares included. One after the other they try to come near the
/// best so far; most fail by what they carry at most, or in one short probe at the rate that would do.
/// <para>
/// Of those that come near, as predicted, it takes the one whose fleet is the smallest midway between the
/// prediction and the dear end of its interval: which of them leads changes with the seed, and one may stand
/// so close to a limit that it needs twice as many as soon as the prediction is a little off. All of this
/// is done on one stream, the same for all; the one taken is then sized with every stream.
/// </para>
/// </summary>
public static class EngineChoice
{
    /// <summary>How much larger than the smallest, as predicted, a fleet may be and still be taken.</summary>
    const double Near = 1.25;

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
        if (contenders.Length == 1)
            return contenders[0].Sized();
        Glanced? best = null;
        var all = new List<Glanced>();
        foreach (var contender in contenders.OrderByDescending(c => c.CeilingPerAccelerator))
        {
            if (best is not null && !contender.MayComeNear(best.Sized))
                continue;
            var glanced = new Glanced(contender, contender.Glanced());
            all.Add(glanced);
            if (best is null || IsBetter(glanced.Sized, best.Sized))
                best = glanced;
        }
        var near = all.FindAll(one => one.Sized.Accelerators <= Near * best!.Sized.Accelerators);
        if (near.Count < 2)
            return best!.Contender.Sized(best.Sized);
        near.Sort((a, b) => IsBetter(a.Sized, b.Sized) ? -1 : IsBetter(b.Sized, a.Sized) ? 1 : 0);
        near = near.ConvertAll(one => one with { Sized = one.Contender.WithDraws(one.Sized) });
        var chosen = near.MinBy(one => one.Sized.Accelerators + one.Sized.AcceleratorsAtWorst)!;
        return chosen.Contender.Sized(chosen.Sized) with
        {
            Near = [.. near.Where(one => one != chosen).Select(one => one.Sized)],
        };
    }

    /// <summary>A contender and what one stream says of it.</summary>
    sealed record Glanced(Contender Contender, SizedEngine Sized);

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

        ProbeSize Size => ProbeSize.Of(serving, full!.RequestsPerSecond);

        /// <summary>
        /// Whether its fleet can still turn out near the best: no engine's load line is above what it carries
        /// when nobody waits, nor where the stream does not keep the promise.
        /// </summary>
        public bool MayComeNear(SizedEngine best)
        {
            if (full is null || best.Accelerators is not { } accelerators)
                return full is not null;
            var rate = RateWith((long)(Near * accelerators / engine.Deployment.Accelerators));
            return rate <= full.RequestsPerSecond && Search(Size.Glance()).MayReach(rate);
        }

        /// <summary>With the load line and fleet that one stream tells.</summary>
        public SizedEngine Glanced() => full is null
            ? ServesNothing
            : Fleet(Search(Size.Glance()).Find(full.RequestsPerSecond));

        /// <summary>With its load line and fleet; one that serves nothing at all has none.</summary>
        /// <param name="glanced">What one stream said, with its draws where they were asked for.</param>
        public SizedEngine Sized(SizedEngine? glanced = null)
        {
            if (full is null)
                return ServesNothing;
            var near = glanced?.Line.RequestsPerSecond ?? 0;
            var line = Search(Size).Find(full.RequestsPerSecond, near: near);
            return Fleet(line) with
            {
                Drawn = glanced?.Drawn?.Around(line),
                AcceleratorsAtWorst = glanced?.AcceleratorsAtWorst,
            };
        }

        /// <summary>With its draws, and what it takes where the prediction proves too hopeful.</summary>
        public SizedEngine WithDraws(SizedEngine glanced)
        {
            var drawn = DrawnLines.Of(glanced, serving, progress.Ran);
            var (_, worst) = DrawQuantiles.Of(
                glanced.Accelerators!.Value,
                drawn.Draws.Select(draw => Accelerators(draw.LoadLine) ?? double.PositiveInfinity));
            return glanced with { Drawn = drawn, AcceleratorsAtWorst = worst };
        }

        SizedEngine ServesNothing => new(engine, new LoadLineResult([0], null, Unserved: 1), null);

        SizedEngine Fleet(LoadLineResult line) =>
            new(engine, line, Accelerators(line.RequestsPerSecond)) { Full = full };

        long? Accelerators(double line) => line > 0
            ? ((long)FleetSize.Replicas(_peak, line * engine.Ranks) + spareReplicas)
                * engine.Deployment.Accelerators
            : null;

        /// <summary>What so many replicas ask of a rank; infinite where they are all spares.</summary>
        double RateWith(long replicas) => replicas > spareReplicas
            ? _peak / (replicas - spareReplicas) / engine.Ranks
            : double.PositiveInfinity;

        LoadLineSearch Search(ProbeSize size) => new(engine, serving, size) { AfterRun = progress.Ran };
    }
}
