using System;
using System.Collections.Generic;

namespace Plimsoll.Planning.Validation;

/// <summary>What came of one validation set.</summary>
public sealed record SetReport
{
    public required string Name { get; init; }

    public required string Title { get; init; }

    /// <summary>The file it rests on.</summary>
    public required string Source { get; init; }

    /// <summary>Which multipliers were fitted, and to what.</summary>
    public required string Fitted { get; init; }

    /// <summary>What the fit never saw.</summary>
    public required string HeldOut { get; init; }

    /// <summary>What the source does not say and was assumed.</summary>
    public IReadOnlyList<string> Assumed { get; init; } = [];

    /// <summary>Measurements left out, by reason.</summary>
    public DropTally Dropped { get; init; } = new();

    /// <summary>Published errors of other simulators on comparable runs, as text per simulator.</summary>
    public IReadOnlyList<PublishedError> Published { get; init; } = [];

    public required IReadOnlyList<ValidationPoint> Points { get; init; }

    public required IReadOnlyList<ValidationRow> Rows { get; init; }

    /// <summary>Whether every promise is kept; a set without a usable row keeps none.</summary>
    public bool Passes
    {
        get
        {
            if (Points.Count == 0)
                return false;
            foreach (var row in Rows)
            {
                if (row.Kept is false)
                    return false;
            }
            return true;
        }
    }

    /// <summary>One row per split and figure, in order of first appearance.</summary>
    public static IReadOnlyList<ValidationRow> Summarise(
        IReadOnlyList<ValidationPoint> points, IReadOnlyList<Promise> promises,
        Func<ValidationPoint, string?>? published = null)
    {
        var groups = new List<List<ValidationPoint>>();
        foreach (var point in points)
        {
            var group = groups.Find(g => g[0].Split == point.Split && g[0].Figure == point.Figure);
            if (group is null)
                groups.Add(group = []);
            group.Add(point);
        }
        var rows = new List<ValidationRow>();
        foreach (var group in groups)
        {
            Promise? promise = null;
            foreach (var candidate in promises)
            {
                if (candidate.Split == group[0].Split && candidate.Figure == group[0].Figure)
                    promise = candidate;
            }
            rows.Add(ValidationRow.Of(group, promise, published?.Invoke(group[0])));
        }
        return rows;
    }
}
