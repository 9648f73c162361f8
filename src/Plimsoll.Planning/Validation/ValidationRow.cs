using System;
using System.Collections.Generic;
using MathNet.Numerics.Statistics;

namespace Plimsoll.Planning.Validation;

/// <summary>The errors of one figure over the points of one split, percent.</summary>
public sealed record ValidationRow
{
    public required string Split { get; init; }

    public required string Figure { get; init; }

    public required int Points { get; init; }

    /// <summary>Median of the absolute errors.</summary>
    public required double MedianPercent { get; init; }

    public required double P90Percent { get; init; }

    public required double WorstPercent { get; init; }

    /// <summary>Median of the signed errors; positive when predictions are high.</summary>
    public required double BiasPercent { get; init; }

    /// <summary>Share of points inside their stated 90 % interval; null where none is stated.</summary>
    public double? CoveragePercent { get; init; }

    /// <summary>
    /// Median of the stated intervals' upper over their lower ends; null where none is stated.
    /// </summary>
    public double? MedianWidth { get; init; }

    public Promise? Promise { get; init; }

    /// <summary>Best error that another simulator published for comparable runs; null for none.</summary>
    public string? Published { get; init; }

    /// <summary>Null where nothing is promised.</summary>
    public bool? Kept => Promise?.Holds(this);

    public static ValidationRow Of(IReadOnlyList<ValidationPoint> points, Promise? promise, string? published)
    {
        var absolute = new double[points.Count];
        var signed = new double[points.Count];
        int stated = 0, covered = 0;
        var widths = new List<double>();
        for (var i = 0; i < points.Count; i++)
        {
            absolute[i] = points[i].AbsolutePercent;
            signed[i] = points[i].ErrorPercent;
            stated += points[i].Covered is null ? 0 : 1;
            covered += points[i].Covered is true ? 1 : 0;
            if (points[i].Interval is { Low: > 0 } interval)
                widths.Add(interval.High / interval.Low);
        }
        Array.Sort(absolute);
        Array.Sort(signed);
        return new ValidationRow
        {
            Split = points[0].Split,
            Figure = points[0].Figure,
            Points = points.Count,
            MedianPercent = SortedArrayStatistics.Median(absolute),
            P90Percent = SortedArrayStatistics.QuantileCustom(absolute, 0.9, QuantileDefinition.R7),
            WorstPercent = absolute[^1],
            BiasPercent = SortedArrayStatistics.Median(signed),
            CoveragePercent = stated == 0 ? null : 100.0 * covered / stated,
            MedianWidth = widths.Count == 0 ? null : widths.Median(),
            Promise = promise,
            Published = published,
        };
    }
}
