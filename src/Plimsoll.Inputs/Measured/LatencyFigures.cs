using System;
using Plimsoll.Core.Measures;

namespace Plimsoll.Inputs.Measured;

/// <summary>One figure per metric, milliseconds; null where nobody measured it.</summary>
public readonly record struct LatencyFigures
{
    public double? TtftMs { get; init; }

    public double? TpotMs { get; init; }

    public double? ItlMs { get; init; }

    public double? E2eMs { get; init; }

    public double? this[Metric metric] => metric switch
    {
        Metric.Ttft => TtftMs,
        Metric.Tpot => TpotMs,
        Metric.Itl => ItlMs,
        Metric.E2e => E2eMs,
        _ => throw new ArgumentOutOfRangeException(nameof(metric)),
    };
}
