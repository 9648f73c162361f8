using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Reports;
using Plimsoll.Reports.Pictures;

namespace Plimsoll.Planning.Validation;

/// <summary>
/// Predicted against measured for every set: the promised splits, or all where none is promised.
/// </summary>
public static class ValidationPictures
{
    public static IReadOnlyList<ReportPicture> Of(SetReport set)
    {
        var pictures = new List<ReportPicture>();
        foreach (var unit in set.Points.GroupBy(p => Unit(p.Figure)))
        {
            var promised = set.Rows
                .Where(r => r.Promise is not null && Unit(r.Figure) == unit.Key).Select(r => r.Split)
                .ToHashSet();
            var shown = unit.Where(p => promised.Count == 0 || promised.Contains(p.Split)).ToList();
            var clouds = shown.GroupBy(p => p.Figure).Select(Cloud).ToList();
            var name = $"validation-{set.Name}" + (unit.Key == "ratio" ? "-ratio" : "");
            pictures.Add(new ReportPicture(
                name, $"{set.Title}: predicted against measured.",
                ScatterPicture.Draw(
                    set.Title, $"{shown.Count:N0} predictions of runs that were not "
                    + $"fitted to; the band is ±10 %", unit.Key,
                    clouds)));
        }
        return pictures;
    }

    static ScatterCloud Cloud(IGrouping<string, ValidationPoint> figure)
    {
        var points = figure.Select(p => (p.Measured, p.Predicted, Hint(p))).ToList();
        var row = ValidationRow.Of([.. figure], null, null);
        return new ScatterCloud(
            FormattableString.Invariant($"{figure.Key}, median error {row.MedianPercent:0.0} %"), points);
    }

    static string Hint(ValidationPoint p) => FormattableString.Invariant(
        $"{p.Name}: measured {p.Measured:0.###}, predicted {p.Predicted:0.###}, ")
        + FormattableString.Invariant($"{p.ErrorPercent:+0.0;-0.0;0.0} %");

    static string Unit(string figure) => figure.EndsWith("tokens/s", StringComparison.Ordinal)
        ? "output tokens per second and accelerator"
        : figure.Contains('÷', StringComparison.Ordinal)
        ? "ratio" : figure.EndsWith("tokens", StringComparison.Ordinal) ? "tokens" : "milliseconds";
}
