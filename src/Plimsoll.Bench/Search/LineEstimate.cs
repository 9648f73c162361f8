using System.Collections.Generic;
using System.Linq;
using Plimsoll.Bench.Verdicts;
using Plimsoll.Core.Measures;

namespace Plimsoll.Bench.Search;

/// <summary>
/// What a search may say: no bound lies where nothing was measured, and no rate is said to have kept the
/// promise on fewer requests than its percentiles need.
/// </summary>
static class LineEstimate
{
    /// <summary>
    /// A line rests on this many windows at least, and on an interval whose ends are not further apart.
    /// </summary>
    const int FewestFound = 3;
    const double MostRatio = 10;

    public static LoadLineEstimate Of(
        List<RateWindow> windows, IReadOnlyList<Limit> limits,
        (double? Rate, double Low, double High, int Binding, double Slope) line, int used, double startRate,
        long requests)
    {
        double[] allowed = [.. limits.Select(limit => 1 - limit.Percentile / 100)];
        var told = windows.Where(window => window.Kind != WindowKind.Rest && (window.IsTold || window.Piled))
            .ToList();
        var estimate = new LoadLineEstimate(LineOutcome.Unsettled, null, null, null, null, used, requests,
            windows[^1].EndNs / 1e9)
        {
            MeasuredFrom = told.Count > 0 ? told.Min(window => window.Rate) : null,
            MeasuredTo = told.Count > 0 ? told.Max(window => window.Rate) : null,
            BrokenAt = told.Where(window => window.IsBroken(allowed, share: 1))
                .Select(window => (double?)window.Rate).Min(),
        };
        if (line.Rate is { } rate && used >= FewestFound && line.High < MostRatio * line.Low
            && rate <= estimate.MeasuredTo && rate >= estimate.MeasuredFrom)
        {
            return estimate with
            {
                Outcome = LineOutcome.Found,
                Rate = rate,
                Low = line.Low >= estimate.MeasuredFrom ? line.Low : null,
                High = line.High <= estimate.MeasuredTo ? line.High : null,
                Binding = limits[line.Binding],
            };
        }
        if (estimate.BrokenAt <= startRate)
            return estimate with { Outcome = LineOutcome.Nowhere, Binding = MostBroken(windows, limits) };
        var kept = HighestKept(windows, limits);
        return kept > 0 ? estimate with { Outcome = LineOutcome.AtLeast, Rate = kept } : estimate;
    }

    /// <summary>
    /// The highest rate of which it is known that the promise is kept; 0 where there is none. Breaks grow
    /// with the rate, so all requests sent at a rate or faster speak for it.
    /// </summary>
    public static double HighestKept(List<RateWindow> windows, IReadOnlyList<Limit> limits)
    {
        double kept = 0;
        long requests = 0;
        var broken = new long[limits.Count];
        var piled = windows.Where(window => window.Piled).Select(window => window.Rate)
            .DefaultIfEmpty(double.PositiveInfinity).Min();
        foreach (var rate in windows.Where(window => window.Kind != WindowKind.Rest && window.Rate < piled)
            .GroupBy(window => window.Rate).OrderByDescending(group => group.Key))
        {
            foreach (var window in rate)
            {
                requests += window.Requests;
                for (var limit = 0; limit < broken.Length; limit++)
                    broken[limit] += window.Broken[limit];
            }
            var verdicts = limits.Select((limit, i) => PromiseJudge.Of(limit, requests, broken[i])).ToList();
            if (kept == 0 && PromiseJudge.Of(verdicts) == PromiseVerdict.Kept)
                kept = rate.Key;
        }
        return kept;
    }

    static Limit MostBroken(List<RateWindow> windows, IReadOnlyList<Limit> limits)
    {
        var worst = 0;
        for (var limit = 1; limit < limits.Count; limit++)
        {
            if (Share(limit) > Share(worst))
                worst = limit;
        }
        return limits[worst];

        double Share(int limit) =>
            windows.Sum(window => (double)window.Broken[limit]) / (1 - limits[limit].Percentile / 100);
    }
}
