using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Measures;
using Plimsoll.Reports.Drawing;
using Plimsoll.Reports.Pictures;

namespace Plimsoll.Reports;

/// <summary>One picture of the report: its file name, what it says in a sentence, and its drawing.</summary>
public sealed record ReportPicture(string Name, string Sentence, Scene Scene)
{
    /// <summary>The same for a small screen; null when the drawing is narrow already.</summary>
    public Scene? Narrow { get; init; }
}

/// <summary>All pictures of a report, in reading order. Those without data are left out.</summary>
public static class ReportPictures
{
    public static IReadOnlyList<ReportPicture> Of(ReportModel model)
    {
        var pictures = new List<ReportPicture>
        {
            new("waterfall",
                "Where the money goes between what physics allows and what is paid, per million tokens.",
                WaterfallPicture.Draw(model, stacked: false))
                    { Narrow = WaterfallPicture.Draw(model, stacked: true) },
        };
        var interactive = model.Account.Classes.First(c => c.Class == "interactive");
        var batch = model.Account.Classes.FirstOrDefault(c => c.Class == "batch");
        foreach (var curve in model.CostCurves)
        {
            pictures.Add(new($"cost-{curve.Metric.Name()}",
                $"What a token costs as the {curve.Metric.Name().ToUpperInvariant()} promise alone is "
                + $"tightened.",
                CostCurvePicture.Draw(curve, (double?)batch?.Cost.UsdPerMillionTokens)));
        }
        foreach (var sweep in model.LoadSweeps)
        {
            pictures.Add(new("load-line", "How heavily one replica may be loaded before the promise breaks.",
                LoadLinePicture.Draw(sweep, wide: true))
                    { Narrow = LoadLinePicture.Draw(sweep, wide: false) });
        }
        if (model.Week is { } week)
        {
            pictures.Add(new(
                "week", "What the fleet does all week, and what stands idle so that the busiest hour fits.",
                WeekPicture.Draw(week, wide: true)) { Narrow = WeekPicture.Draw(week, wide: false) });
        }
        foreach (var group in model.Distributions.GroupBy(d => d.Metric))
        {
            if (group.Any(d => d.Points.Count > 1))
            {
                pictures.Add(new($"latency-{group.Key.Name()}",
                    $"How {group.Key.Name().ToUpperInvariant()} spreads over requests.",
                    LatencyPicture.Draw(group.Key, [.. group], interactive.Promise)));
            }
        }
        return pictures;
    }
}
