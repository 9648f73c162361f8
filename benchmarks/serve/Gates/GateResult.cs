using System;
using System.Collections.Generic;

namespace Plimsoll.Serve.Figures.Gates;

/// <summary>What a run gave: batch tokens a second, and what interactive requests felt.</summary>
sealed class GateResult
{
    public required string Setting { get; init; }

    public required double BatchTokensPerSecond { get; init; }

    public required double TtftP95Ms { get; init; }

    public required double ItlP95Ms { get; init; }

    /// <summary>
    /// Share of interactive requests that kept the first token and nineteen in twenty gaps.
    /// </summary>
    public required double Kept { get; init; }

    public double? PredictionError { get; init; }

    public double Paused { get; init; }

    public bool Keeps(double ttftMs, double itlMs) => TtftP95Ms <= ttftMs && ItlP95Ms <= itlMs;

    public static double Percentile(List<float> sorted, double share) =>
        sorted.Count == 0 ? 0 : sorted[Math.Min(sorted.Count - 1, (int)(share * sorted.Count))];
}
