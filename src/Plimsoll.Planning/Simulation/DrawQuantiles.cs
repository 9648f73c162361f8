using System;
using System.Collections.Generic;
using System.Linq;

namespace Plimsoll.Planning.Simulation;

/// <summary>The 90 % interval of a figure between quantiles of its draws, the estimate inside it.</summary>
static class DrawQuantiles
{
    const double Tail = 0.05;

    /// <summary>Ends of nine tenths of the draws; infinite where too many of them are.</summary>
    public static (double Low, double High) Of(double estimate, IEnumerable<double> draws)
    {
        var inner = Inner(draws);
        return inner.Count == 0
            ? (estimate, estimate)
            : (Math.Min(estimate, inner[0]), Math.Max(estimate, inner[^1]));
    }

    /// <summary>Nine tenths of the draws, in order, as many left out at either end.</summary>
    public static ArraySegment<double> Inner(IEnumerable<double> draws)
    {
        var sorted = draws.Order().ToArray();
        var beyond = (int)(Tail * sorted.Length);
        return new ArraySegment<double>(sorted, beyond, sorted.Length - (2 * beyond));
    }

    /// <summary>The same of a figure that some draws may lack; null where the estimate is.</summary>
    public static (double Low, double High)? Of(double? estimate, IEnumerable<double?> draws) =>
        estimate is { } known ? Of(known, draws.OfType<double>()) : null;
}
