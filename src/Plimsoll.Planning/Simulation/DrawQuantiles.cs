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
        var sorted = draws.Order().ToArray();
        if (sorted.Length == 0)
            return (estimate, estimate);
        var beyond = (int)(Tail * sorted.Length);
        return (Math.Min(estimate, sorted[beyond]), Math.Max(estimate, sorted[^(beyond + 1)]));
    }

    /// <summary>The same of a figure that some draws may lack; null where the estimate is.</summary>
    public static (double Low, double High)? Of(double? estimate, IEnumerable<double?> draws) =>
        estimate is { } known ? Of(known, draws.OfType<double>()) : null;
}
