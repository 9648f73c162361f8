using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Search;

/// <summary>
/// Complete runs of the same draws at rising rates: what becomes of every figure between them. Logarithms of
/// figures are taken to run straight between those of two rates.
/// </summary>
sealed class RateCurve
{
    /// <summary>Logarithm of a figure over its limit that stands for any.</summary>
    const double Hopeless = 10;

    readonly double[] _rates;
    readonly SimulationResult[] _runs;

    RateCurve(double[] rates, SimulationResult[] runs)
    {
        _rates = rates;
        _runs = runs;
    }

    /// <param name="search">Makes the runs.</param>
    /// <param name="rates">Rising, requests per second of one engine rank.</param>
    /// <param name="process">How arrivals scatter.</param>
    /// <param name="observed">A rate whose steps are observed; null for none.</param>
    public static RateCurve Of(
        LoadLineSearch search, IEnumerable<double> rates, ArrivalProcess process = ArrivalProcess.Own,
        (double Rate, StepObserver Observer)? observed = null)
    {
        var at = rates.ToArray();
        var runs = new SimulationResult[at.Length];
        Parallel.For(0, runs.Length, i => runs[i] = search.Measure(
            at[i], process, observer: at[i] == observed?.Rate ? observed?.Observer : null));
        return new RateCurve(at, runs);
    }

    /// <summary>A figure at a rate, the nearest run's beyond the curve; null where a run has none.</summary>
    public double? At(double rate, Func<SimulationResult, double?> figure)
    {
        var above = Array.FindIndex(_rates, r => r >= rate);
        if (above <= 0)
            return figure(_runs[above < 0 ? ^1 : 0]);
        if (figure(_runs[above - 1]) is not { } low || figure(_runs[above]) is not { } high)
            return null;
        var share = Math.Log(rate / _rates[above - 1]) / Math.Log(_rates[above] / _rates[above - 1]);
        return low > 0 && high > 0 ? low * Math.Pow(high / low, share) : low + (share * (high - low));
    }

    /// <summary>
    /// The highest rate up to which every limit holds, its figure as it is in a draw; 0 where none does,
    /// and the curve's last rate where all do.
    /// </summary>
    public double LoadLine(IReadOnlyList<LevelPromise> levels, Func<Metric, double, double> drawn)
    {
        var before = 0.0;
        for (var i = 0; i < _rates.Length; i++)
        {
            var excess = Excess(_runs[i], levels, drawn);
            if (excess > 0)
            {
                return i == 0 ? 0 : _rates[i - 1]
                    * Math.Pow(_rates[i] / _rates[i - 1], before / (before - excess));
            }
            before = excess;
        }
        return _rates[^1];
    }

    /// <summary>The logarithm of the worst broken limit's figure over it; negative where all hold.</summary>
    static double Excess(
        SimulationResult run, IReadOnlyList<LevelPromise> levels, Func<Metric, double, double> drawn)
    {
        var worst = -Hopeless;
        var unserved = (double)run.Failed / Math.Max(1, run.Requests);
        for (var level = 0; level < levels.Count; level++)
        {
            foreach (var limit in levels[level].Limits)
            {
                // A request that is not served is later than any that is.
                var percentile = limit.Percentile / (1 - unserved);
                if (percentile >= 100)
                    return Hopeless;
                // A level of too few requests to tell is not held against the rate.
                if (run.Levels[level].Latencies[limit.Metric].PercentileNs(percentile) is { } ns)
                    worst = Math.Max(worst, Math.Log(Math.Max(1, drawn(limit.Metric, ns)) / limit.LimitNs));
            }
        }
        return worst;
    }
}
