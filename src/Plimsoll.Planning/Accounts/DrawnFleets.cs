using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Accounts;

/// <summary>Fleets sized again for every draw of an engine's error.</summary>
static class DrawnFleets
{
    /// <summary>Interactive bills per million tokens, USD; infinite where no promise is kept.</summary>
    public static IReadOnlyList<double> Bills(
        AccountRequest request, SimulatedEngine engine, CostBasis basis, DrawnLines drawn)
    {
        var rate = request.Serving.RequestsPerSecond;
        return [.. Interactive(request, engine, drawn.Draws.Select(d => d.LoadLine)).Select(replicas =>
            double.IsInfinity(replicas) ? replicas : (double)basis.PerMillionTokens(rate / replicas).Usd)];
    }

    /// <summary>Replicas for load lines of a rank at the busiest hour, spares included.</summary>
    public static IEnumerable<double> Interactive(
        AccountRequest request, SimulatedEngine engine, IEnumerable<double> lines)
    {
        var peak = request.Serving.RequestsPerSecond
            * FleetSize.PeakOverMean(request.Serving.Workload.WeeklyEnvelope);
        return lines.Select(line => Replicas(
            line * engine.Ranks, l => FleetSize.Replicas(peak, l) + request.SpareReplicas));
    }

    /// <summary>Replicas of a load line, infinite where there is none.</summary>
    public static double Replicas(double line, Func<double, int> size) =>
        line > 0 ? size(line) : double.PositiveInfinity;
}
