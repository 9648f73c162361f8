using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Measures;
using Plimsoll.Reports.Drawing;
using Plimsoll.Reports.Pictures;

namespace Plimsoll.Reports;

/// <summary>One picture of the report: its file name, what it says in a sentence, and its drawing.</summary>
public sealed record ReportPicture(string Name, string Sentence, Scene Scene)
{
    /// <summary>The same for a small screen; null for a picture that no page shows.</summary>
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
            Add($"cost-{curve.Metric.Name()}",
                $"What a token costs as the {curve.Metric.Name().ToUpperInvariant()} "
                + "promise alone is tightened.",
                PictureSize.Half,
                size => CostCurvePicture.Draw(curve, (double?)batch?.Cost.UsdPerMillionTokens, size));
        }
        foreach (var sweep in model.LoadSweeps)
        {
            Add("load-line", "How heavily one replica may be loaded before the promise breaks.",
                PictureSize.Wide, size => LoadLinePicture.Draw(sweep, size));
        }
        if (model.Interactivity.Count > 1)
        {
            Add("interactivity", "What an accelerator makes against how fast each user is answered.",
                PictureSize.Wide, size => InteractivityPicture.Draw(model.Interactivity,
                    model.PromisedInteractivity, interactive.LoadLine.RequestsPerSecond, size));
        }
        if (model.Week is { } week)
        {
            Add("week", "What the fleet does all week, and what stands idle so that the busiest hour fits.",
                PictureSize.Wide, size => WeekPicture.Draw(week, size));
        }
        if (model.Account.Backfill is { } backfill)
        {
            Add("backfill", "The same week with batch work in the idle time, the promise kept.",
                PictureSize.Wide, size => BackfillPicture.Draw(backfill, size));
            if (backfill.PriceOfPromise.Count(p => p.IsKept) > 1)
            {
                Add("price-of-promise", "What each millisecond of the promise keeps out in batch tokens.",
                    PictureSize.Half, size => PromisePricePicture.Draw(backfill, size));
            }
        }
        foreach (var group in model.Distributions.GroupBy(d => d.Metric))
        {
            if (group.Any(d => d.Points.Count > 1))
            {
                Add($"latency-{group.Key.Name()}",
                    $"How {group.Key.Name().ToUpperInvariant()} spreads over requests.",
                    PictureSize.Half,
                    size => LatencyPicture.Draw(group.Key, [.. group], interactive.Promise, size));
            }
        }
        return pictures;

        void Add(string name, string sentence, PictureSize size, Func<PictureSize, Scene> draw) =>
            pictures.Add(new(name, sentence, draw(size)) { Narrow = draw(PictureSize.Phone) });
    }
}
