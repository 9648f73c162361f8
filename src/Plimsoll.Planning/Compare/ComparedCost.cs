using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Core.Costing;
using Plimsoll.Inputs.Choices;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Compare;

/// <summary>
/// What a million tokens cost, in fleets of fractions of a replica and without spares, so that nothing but
/// the drivers moves it.
/// </summary>
/// <param name="Engine">One rank of the cheapest fleet.</param>
/// <param name="Usd">As predicted.</param>
/// <param name="Draws">In every draw of the error, USD; infinite where the promise then breaks.</param>
sealed record ComparedCost(SimulatedEngine Engine, PicoDollars Usd, IReadOnlyList<double> Draws)
{
    /// <summary>Requests per second of one rank at its load line.</summary>
    public required double Line { get; init; }

    /// <summary>The same of one that nobody waits for.</summary>
    public required double Ceiling { get; init; }

    /// <summary>Mean prompt and answer tokens of a request.</summary>
    public required double TokensPerRequest { get; init; }

    const double SecondsPerHour = 3600;

    /// <summary>Null where the promise cannot be kept.</summary>
    public static ComparedCost? Of(ComparedSide side, long requests, ulong seed)
    {
        var serving = side.Serving(requests, seed);
        return side.IsBatch ? Batch(side, serving) : Interactive(side, serving);
    }

    static ComparedCost? Interactive(ComparedSide side, Serving serving)
    {
        var sized = EngineChoice.Of(serving, spareReplicas: 0);
        if (sized.Accelerators is null)
            return null;
        var peak = FleetSize.PeakOverMean(side.Workload.WeeklyEnvelope);
        var drawn = sized.Drawn ?? DrawnLines.Of(sized, serving);
        return Cost(
            side, sized.Engine, sized.Full!, peak, sized.Line.RequestsPerSecond,
            [.. drawn.Draws.Select(draw => draw.LoadLine)]);
    }

    static ComparedCost? Batch(ComparedSide side, Serving serving)
    {
        var candidates = ParallelismChoice.Candidates(serving.Deployment);
        var found = new (SimulatedEngine Engine, SaturatedThroughput? Full)[candidates.Count];
        Parallel.For(0, found.Length, i =>
        {
            var engine = SimulatedEngine.Of(
                serving.Deployment.ModelOf(candidates[i], serving.MeanContextTokens), serving.Policy,
                serving.MeanContextTokens);
            found[i] = (engine, SaturatedThroughput.Find(engine, serving));
        });
        var best = found.Where(f => f.Full is not null)
            .OrderByDescending(f => f.Full!.RequestsPerSecond * f.Engine.Ranks
                / f.Engine.Deployment.Accelerators)
            .FirstOrDefault();
        if (best.Full is not { } full)
            return null;
        var (engine, errors) = (best.Engine, best.Engine.StepTime.Errors);
        var draws = new double[DrawnLines.Count];
        Parallel.For(0, draws.Length, i =>
        {
            var model = engine.StepTime.Drawn(errors.Draw(i, draws.Length));
            draws[i] = full.RequestsPerSecond / full.Steps.Of(engine.StepTime, model).All;
        });
        return Cost(side, engine, full, 1, full.RequestsPerSecond, draws);
    }

    /// <param name="side">What is paid.</param>
    /// <param name="engine">One rank.</param>
    /// <param name="full">Without a promise; its requests have so many tokens.</param>
    /// <param name="peak">Busiest hour over mean.</param>
    /// <param name="line">Requests per second of a rank.</param>
    /// <param name="lines">The same in every draw.</param>
    static ComparedCost Cost(
        ComparedSide side, SimulatedEngine engine, SaturatedThroughput full, double peak, double line,
        double[] lines)
    {
        var run = full.Run;
        var tokens = (double)(run.PromptTokens + run.OutputTokens) / Math.Max(1, run.Completed);
        var perHour = (double)side.Price.UsdPerHour * engine.Deployment.Accelerators / engine.Ranks;
        var draws = new double[lines.Length];
        for (var i = 0; i < draws.Length; i++)
        {
            // Kernels of another time are known within a range, drawn evenly in logarithm beside the rest.
            var level = (i * 29 % draws.Length + 0.5) / draws.Length;
            var slower = side.Engine.SlowerLow
                * Math.Pow(side.Engine.SlowerHigh / side.Engine.SlowerLow, level);
            draws[i] = Usd(lines[Shuffled(i, draws.Length, engine)] * side.Engine.Slower / slower);
        }
        return new ComparedCost(engine, PicoDollars.FromUsd(Usd(line)), draws)
        {
            Line = line, Ceiling = full.RequestsPerSecond, TokensPerRequest = tokens,
        };

        double Usd(double rate) =>
            rate > 0 ? perHour * peak * 1e6 / (rate * tokens * SecondsPerHour) : double.PositiveInfinity;
    }

    /// <summary>
    /// Engines of one card err alike and meet the draws in one order; those of another card in another, since
    /// their errors are independent.
    /// </summary>
    static int Shuffled(int draw, int draws, SimulatedEngine engine)
    {
        uint key = 2166136261;
        foreach (var letter in engine.Deployment.Accelerator.Key)
            key = (key ^ letter) * 16777619;
        // An odd step passes all of a power of two.
        return (int)((draw * (2 * (key % 32) + 1) + key / 64) % (uint)draws);
    }
}
