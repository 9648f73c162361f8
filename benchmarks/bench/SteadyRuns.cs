using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Bench.Search;
using Plimsoll.Core.Measures;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Simulation;
using Plimsoll.Tests.Bench;

namespace Plimsoll.Bench.Figures;

/// <summary>
/// What a quarter of an hour shows of a load line at all, whoever searches. The oracle spends all of it at
/// the line itself, which no search knows, and knows how the share of broken requests grows with the rate
/// from runs of 200,000 requests: it only reads off which line the share that it saw belongs to.
/// </summary>
sealed class SteadyRuns(
    SimulatedEngine engine, Workload workload, IReadOnlyList<Limit> limits, double line)
{
    const int LongRun = 200_000;
    const ulong FirstLongSeed = 5001;

    /// <summary>Rates of the oracle's curve, as shares of the line.</summary>
    static readonly double[] Grid = [0.7, 0.8, 0.85, 0.9, 0.94, 0.97, 1, 1.03, 1.06, 1.1, 1.15, 1.2];

    public string Told(int runs)
    {
        var kept = new[] { 1.0, 1.05, 1.1 }.Select(factor => string.Create(CultureInfo.InvariantCulture,
            $"{Quarters(factor, runs).Count(worst => worst <= 1)} at {factor} × the line"));
        var errors = Quarters(1, runs).Select(Oracle(Curve())).Order().ToList();
        return $"  of {runs} quarters of an hour at a steady rate the promise was kept by "
            + string.Join(", ", kept) + string.Create(CultureInfo.InvariantCulture,
                $"\n  an oracle that stays at the line and knows the curve errs by p50 "
                    + $"{100 * errors[runs / 2]:0.0} %, p90 {100 * errors[runs * 9 / 10]:0.0} %, worst "
                    + $"{100 * errors[^1]:0.0} %; within 5 %: {errors.Count(error => error <= 0.05)}");
    }

    /// <summary>Broken over allowed share at each rate of the grid, made to rise.</summary>
    double[] Curve()
    {
        var curve = new double[Grid.Length];
        Parallel.For(0, Grid.Length, i =>
            curve[i] = Worst(Grid[i], LongRun, FirstLongSeed + (ulong)i));
        for (var i = 1; i < curve.Length; i++)
            curve[i] = Math.Max(curve[i], curve[i - 1] * 1.0001);
        return curve;
    }

    /// <summary>Error of the line that an observed share belongs to; beyond the curve its end.</summary>
    static Func<double, double> Oracle(double[] curve) => worst =>
    {
        var above = Array.FindIndex(curve, share => share >= worst);
        if (above <= 0)
            return Math.Abs(1 / (above == 0 ? Grid[0] : Grid[^1]) - 1);
        var (low, high) = (Math.Log(Math.Max(curve[above - 1], 1e-6)), Math.Log(curve[above]));
        var part = (Math.Log(Math.Max(worst, 1e-6)) - low) / (high - low);
        return Math.Abs(1 / (Grid[above - 1] + (part * (Grid[above] - Grid[above - 1]))) - 1);
    };

    double[] Quarters(double factor, int runs)
    {
        var requests = (int)(factor * line * new LoadLineOptions().BudgetNs / 1e9);
        var worst = new double[runs];
        Parallel.For(0, runs, run => worst[run] = Worst(factor, requests, (ulong)run + 1));
        return worst;
    }

    /// <summary>Of the limits the largest share of broken requests over what is allowed.</summary>
    double Worst(double factor, int requests, ulong seed)
    {
        var broken = new int[limits.Count];
        engine.Run(workload, factor * line, new SimulationOptions
        {
            Requests = requests,
            Seed = seed,
            Limits = limits,
            Observer = (in CompletedRequest request) =>
            {
                for (var limit = 0; limit < broken.Length; limit++)
                    broken[limit] += SimulatedSearch.Breaks(request, limits[limit]) ? 1 : 0;
            },
        }, ArrivalProcess.Poisson);
        return limits.Select((limit, i) => broken[i] / ((1 - limit.Percentile / 100) * requests)).Max();
    }
}
