using System;
using System.Linq;
using System.Threading.Tasks;
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
/// <param name="Size">How much a probe simulates.</param>
sealed record Ratio(AccountRequest Request, SimulatedEngine Engine, ProbeSize Size)
{
    readonly double _peak = FleetSize.PeakOverMean(Request.Serving.Workload.WeeklyEnvelope);

    /// <param name="line">Load line of a rank.</param>
    /// <param name="ceiling">What a rank carries when nobody waits.</param>
    /// <param name="drawn">Both in every draw.</param>
    public RatioStatement Of(LoadLineResult line, double ceiling, DrawnLines drawn)
    {
        double? ttft = null, tpot = null;
        Parallel.Invoke(
            () => ttft = Alone(Metric.Ttft, line, ceiling),
            () => tpot = Alone(Metric.Tpot, line, ceiling));
        var value = Fleets(line.RequestsPerSecond, ceiling);
        var (low, high) = DrawQuantiles.Of(value, drawn.Draws.Select(d => d.LoadLine > 0
            ? Fleets(d.LoadLine, d.Ceiling)
            : double.PositiveInfinity));
        return new RatioStatement(
            value, low, double.IsInfinity(high) ? null : high,
            _peak * ceiling / line.RequestsPerSecond, ttft, tpot);
    }

    double Fleets(double line, double ceiling)
    {
        var rate = Request.Serving.RequestsPerSecond;
        var interactive = FleetSize.Replicas(rate * _peak, line * Engine.Ranks) + Request.SpareReplicas;
        return (double)interactive / FleetSize.Replicas(rate, ceiling * Engine.Ranks);
    }

    /// <summary>
    /// With the limits of one metric alone, on some of the streams, whose own load lines tell how much more
    /// it carries; null where there are no others, or none of it.
    /// </summary>
    double? Alone(Metric metric, LoadLineResult own, double ceiling)
    {
        var serving = Request.Serving;
        var limits = serving.Limits.Count(limit => limit.Metric == metric);
        if (limits == 0 || limits == serving.Limits.Count())
            return null;
        var alone = serving with
        {
            Levels = [.. serving.Levels.Select(level => LevelPromise.Of(
                level.Spec, [.. level.Limits.Where(limit => limit.Metric == metric)]))],
        };
        var streams = Math.Min(2, own.Lines.Count);
        var line = new LoadLineSearch(Engine, alone, Size with { Streams = streams }).Find(ceiling);
        var more = line.RequestsPerSecond / own.Lines.Take(streams).Average();
        return more > 0 ? Fleets(Math.Min(ceiling, more * own.RequestsPerSecond), ceiling) : null;
    }
}
