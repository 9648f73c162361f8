using System;
using System.Collections.Generic;

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

    public Promise? Promise { get; init; }

    /// <summary>Best error that another simulator published for comparable runs; null for none.</summary>
    public string? Published { get; init; }

    /// <summary>Null where nothing is promised.</summary>
    public bool? Kept => Promise is null ? null : Promise.Of(this) <= Promise.Percent;

    public static ValidationRow Of(IReadOnlyList<ValidationPoint> points, Promise? promise, string? published)
    {
        var absolute = new double[points.Count];
        var signed = new double[points.Count];
        int stated = 0, covered = 0;
        for (var i = 0; i < points.Count; i++)
        {
            absolute[i] = points[i].AbsolutePercent;
            signed[i] = points[i].ErrorPercent;
            stated += points[i].Covered is null ? 0 : 1;
            covered += points[i].Covered is true ? 1 : 0;
        }
        Array.Sort(absolute);
        Array.Sort(signed);
        return new ValidationRow
        {
            Split = points[0].Split,
            Figure = points[0].Figure,
            Points = points.Count,
            MedianPercent = Quantile(absolute, 0.5),
            P90Percent = Quantile(absolute, 0.9),
            WorstPercent = absolute[^1],
            BiasPercent = Quantile(signed, 0.5),
            CoveragePercent = stated == 0 ? null : 100.0 * covered / stated,
            Promise = promise,
            Published = published,
        };
    }

    /// <summary>Linear between order statistics, so that few points still have a median.</summary>
    internal static double Quantile(double[] sorted, double share)
    {
        var at = share * (sorted.Length - 1);
        var below = (int)at;
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }
}
