using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Plimsoll.Reports;

namespace Plimsoll.Planning.Plans;

/// <summary>A plan as a page of the house's style.</summary>
public static class PlanPage
{
    public static PageModel Of(
        PlanDocument plan, IReadOnlyList<ReportPicture> pictures, string command, string version)
    {
        var best = plan.Best[0];
        var s = plan.Statement;
        return new PageModel
        {
            Brand = "plimsoll plan",
            Headline = $"{best.Model} serving {s.Workload}: {best.Fleet.Units} × {best.Deployment}",
            Lines =
            [
                FormattableString.Invariant($"{s.RequestsPerSecond:0.##} requests/s, busiest hour ")
                    + FormattableString.Invariant($"{s.PeakOverMean:0.00} × the mean; promise ")
                    + string.Join(", ", s.Promise),
                FormattableString.Invariant($"${best.Price.UsdPerGpuHour:0.00##} per accelerator-hour, ")
                    + best.Price.Origin,
            ],
            Figures =
            [
                new PageFigure(Usd(best.Bill.UsdPerHour, "0.00"), "an hour, the whole fleet"),
                new PageFigure(
                    Usd((double)best.Bill.UsdPerMillionTokens, "0.0000"),
                    $"per million tokens; 90 % interval {Interval(best)}, tier {best.Tier}"),
                new PageFigure(
                    best.LoadLine.ToString("0.00", CultureInfo.InvariantCulture) + " /s",
                    $"load line of one, bound by {best.BindingLimit}"),
            ],
            Pictures = [.. pictures, .. plan.Levers is { } book ? LeverTables.Picture(book) : []],
            Tables =
            [
                Best(plan), Favourites(plan), .. plan.Funnel.Count > 0 ? new[] { Funnel(plan) } : [],
                .. plan.Batch is { Fleets.Count: > 0 } batch ? new[] { Pools(batch) } : [],
                .. plan.Levers is { } levers ? LeverTables.Of(levers) : [],
            ],
            Notes = [.. plan.Notes, $"printed by: {command}"],
            Version = version,
        };
    }

    static PageTable Best(PlanDocument plan) => new(
        "The ten best",
        ["rank", "USD/h", "USD/M tokens", "90 % interval", "over the best, 90 %", "<fleet", "load line/s",
            "<bound by", "<tier", "<price"],
        [.. plan.Best.Select(row => new[]
        {
            row.Rank.ToString(CultureInfo.InvariantCulture), Usd(row.Bill.UsdPerHour, "0.00"),
            Usd((double)row.Bill.UsdPerMillionTokens, "0.0000"), Interval(row), Over(row),
            $"<{row.Fleet.Units} × {row.Deployment}",
            row.LoadLine.ToString("0.00", CultureInfo.InvariantCulture), $"<{row.BindingLimit}",
                $"<{row.Tier}",
            "<" + Usd(row.Price.UsdPerGpuHour, "0.00") + " " + row.Price.Origin,
        })]);

    static PageTable Pools(PlanBatchStatement batch) => new(
        FormattableString.Invariant($"One pool or two: {batch.LinesPerSecond:0.###} lines/s of ")
            + FormattableString.Invariant($"{batch.Workload} as well, each in {batch.WindowHours:0.##} h"),
        ["rank", "USD/h", "<requests' fleet", "rank alone", "lines/s in it, 90 %", "<its own fleet",
            "USD/h, nothing rounded"],
        [.. batch.Fleets.Select(row => new[]
        {
            row.Rank.ToString(CultureInfo.InvariantCulture), Usd(row.UsdPerHour, "0.00"),
            $"<{row.Units} × {row.Deployment}", row.RankAlone.ToString(CultureInfo.InvariantCulture),
            row.Apart ? "apart" : FormattableString.Invariant(
                $"{row.LinesPerSecond:0.00} ({row.Low:0.00}–{row.High:0.00})"),
            $"<{row.BatchUnits} × {batch.Deployment}", Usd(row.UnroundedUsdPerHour, "0.00"),
        })]);

    static PageTable Favourites(PlanDocument plan) => new(
        "The best of each card, and how far it came",
            ["<card", "<deployment", plan.Statement.Objective, "<came to",
            "<because"],
        [.. plan.Favourites.OrderBy(f => f.AtLeast ?? double.MaxValue).Select(f => new[]
        {
            "<" + f.Family, "<" + f.Deployment,
            f.AtLeast is { } least ? f.Sign + least.ToString("0.00", CultureInfo.InvariantCulture) : "–",
            "<" + f.Stage,
            "<" + (f.Rank is { } rank ? $"rank {rank}" : f.Reason),
        })]);

    static PageTable Funnel(PlanDocument plan) => new(
        $"Where {plan.Statement.Candidates} candidates fell", ["<stage", "fell", "<why"],
        [.. plan.Funnel.Select(f => new[]
        {
            "<" + f.Stage, f.Fell.ToString(CultureInfo.InvariantCulture), "<" + f.Meaning,
        })]);

    static string Interval(PlanRow row) => row.Bill.Interval.High is { } high
        ? $"{Usd(row.Bill.Interval.Low)} – {Usd(high)}" : $"≥ {Usd(row.Bill.Interval.Low)}";

    /// <summary>An end of an interval is known to about two digits.</summary>
    static string Usd(decimal usd) => Usd((double)usd, usd < 1 ? "0.000" : "0.00");

    static string Over(PlanRow row) =>
        row.OverBest is { } over ? over.Percent() + (row.Tie ? ", a tie" : "") : "–";

    static string Usd(double usd, string format) => "$" + usd.ToString(format, CultureInfo.InvariantCulture);
}
