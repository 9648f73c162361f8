using System.Collections.Generic;

namespace Plimsoll.Bench.Results;

/// <summary>
/// One latency of one level, milliseconds. A figure without enough samples behind it is null.
/// </summary>
public sealed record LatencyReport
{
    /// <summary>Percentiles that every run has.</summary>
    public static IReadOnlyCollection<double> UsualPercentiles { get; } = [50, 90, 95, 99];

    public required long Samples { get; init; }

    public double? MeanMs { get; init; }

    public double? StdMs { get; init; }

    /// <summary>Percentile to milliseconds: the usual ones and those asked for.</summary>
    public required IReadOnlyDictionary<double, double?> PercentilesMs { get; init; }

    public double? At(double percentile) => PercentilesMs.GetValueOrDefault(percentile);
}
