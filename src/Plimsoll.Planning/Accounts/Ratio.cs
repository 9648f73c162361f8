using System;
using System.Linq;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Accounts;

/// <summary>
/// Interactive cost over batch cost. Price and tokens are the same on both sides, so it is the one fleet
/// over the other; both are sized with the same draws, so what slows both moves it little.
/// </summary>
/// <param name="Request">What is asked.</param>
/// <param name="Engine">One engine rank.</param>
sealed record Ratio(AccountRequest Request, SimulatedEngine Engine)
{
    readonly double _peak = FleetSize.PeakOverMean(Request.Serving.Workload.WeeklyEnvelope);

    /// <param name="line">Load line of a rank.</param>
    /// <param name="ceiling">What a rank carries when nobody waits.</param>
    /// <param name="drawn">Both in every draw.</param>
    public RatioStatement Of(LoadLineResult line, double ceiling, DrawnLines drawn)
    {
        var value = Fleets(line.RequestsPerSecond, ceiling);
        var (low, high) = DrawQuantiles.Of(value, drawn.Draws.Select(d => d.LoadLine > 0
            ? Fleets(d.LoadLine, d.Ceiling)
            : double.PositiveInfinity));
        return new RatioStatement(
            value, low, double.IsInfinity(high) ? null : high,
            _peak * ceiling / line.RequestsPerSecond, Alone(Metric.Ttft), Alone(Metric.Tpot));

        double? Alone(Metric metric) => More(metric, drawn) is { } more
            ? Fleets(Math.Min(ceiling, more * line.RequestsPerSecond), ceiling)
            : null;
    }

    double Fleets(double line, double ceiling)
    {
        var rate = Request.Serving.RequestsPerSecond;
        var interactive = FleetSize.Replicas(rate * _peak, line * Engine.Ranks) + Request.SpareReplicas;
        return (double)interactive / FleetSize.Replicas(rate, ceiling * Engine.Ranks);
    }

    /// <summary>
    /// What an engine carries with the limits of one metric alone, over what it carries with all; null where
    /// there are no others, or none of it.
    /// </summary>
    double? More(Metric metric, DrawnLines drawn)
    {
        var serving = Request.Serving;
        if (!serving.Limits.Any(IsOfIt) || serving.Limits.All(IsOfIt))
            return null;
        var gain = drawn.Gain([.. serving.Levels.Select(level => LevelPromise.Of(
            level.Spec, [.. level.Limits.Where(IsOfIt)]))]);
        return gain > 0 ? Math.Max(1, gain) : null;

        bool IsOfIt(Limit limit) => limit.Metric == metric;
    }
}
