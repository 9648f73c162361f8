using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Plimsoll.Core.Accounts;

namespace Plimsoll.Reports;

/// <summary>What is said of batch work in the idle time, on the page and at a terminal.</summary>
public static class BackfillWords
{
    /// <summary>What it saves, what becomes of lines that come, what a job of a window may be.</summary>
    public static string Saved(BackfillStatement backfill)
    {
        var bill = backfill.Bill;
        return $"${Whole(bill.SavedUsdPerWeek)}{Range(bill)} a week saved against a fleet of its own in full "
            + $"batches; with that fleet in whole replicas ${Whole(bill.SavedWholeReplicasUsdPerWeek)}. "
            + $"A job of {F(backfill.LinesPerWindow, "#,0")} lines"
            + $"{(backfill.Arrivals is null ? "" : " more")} is done within "
            + $"{F(backfill.WindowHours, "0.##")} h whenever of the week it comes.";
    }

    /// <summary>All that comes is done in every stream: then it is worth the same in all.</summary>
    static string Range(BackfillBill bill) => bill.SavedHigh > bill.SavedLow
        ? $" ({Whole(bill.SavedLow)}–{Whole(bill.SavedHigh)})"
        : "";

    /// <summary>What becomes of lines that come at a rate; null for a backlog.</summary>
    public static string? Arrivals(BackfillStatement backfill)
    {
        if (backfill.Arrivals is not { } arrivals)
            return null;
        var wait = arrivals.LongestWaitHours is { } hours
            ? $"the longest wait is {F(hours, "0.0")} h"
            : "more comes than there is ever room for, so that a gateway has to turn the others away";
        return $"Of {F(arrivals.LinesPerSecond, "0.##")} lines/s that come, "
            + $"{F(100 * arrivals.Done, "0.0")} % are done, {F(100 * arrivals.InTime, "0.0")} % within "
            + $"{F(backfill.WindowHours, "0.##")} h; {wait}.";
    }

    /// <summary>What the busiest hour's figures are beside; null where that goes without saying.</summary>
    public static string? BusiestHour(BackfillStatement backfill) =>
        backfill.BusiestHourNote is { } note ? $"In the busiest hour {note}." : null;

    /// <summary>From what there is room for to what is done in it.</summary>
    public static string Room(BackfillLoss loss)
    {
        var known = loss.Efficiency is null
            ? "How much fits the promise for who knows the future is not known; "
            : $"Who knows the future fits {F(loss.Clairvoyant, "0.00")} into the promise; ";
        var share = loss.Efficiency is { } efficiency ? $": {F(100 * efficiency, "0")} % of what fits" : "";
        return $"All idle time in batches of their own would do {F(loss.AtFullBatchSpeed, "0.00")} lines/s; "
            + "steps that carry both kinds of work may do more. "
            + known + $"{F(loss.WithoutMargin, "0.00")} are done when steps are planned without a margin, "
            + $"{F(loss.Done, "0.00")} with it{share}. Recomputed: {F(100 * loss.RecomputedShare, "0.0")} % "
            + "of the batch prompt tokens. No step is cut short: this engine cannot.";
    }

    /// <summary>What the promise on gaps costs; null where none is promised.</summary>
    public static string? Promise(BackfillStatement backfill)
    {
        if (backfill.PriceOfPromise.Count == 0)
            return null;
        var sentences = new List<string>();
        if (backfill.TokensPerHourAndMs is { } slope)
            sentences.Add($"Each millisecond tighter forgoes {F(slope, "#,0")} batch tokens an hour.");
        if (backfill.OpportunityUsdPerMillionTokens is { } usd)
        {
            var forgone = usd.ToString("0.0000", CultureInfo.InvariantCulture);
            sentences.Add(
                $"What the promise keeps out would earn ${forgone} per million interactive tokens.");
        }
        if (backfill.PriceOfPromise.Any(p => !p.IsKept))
            sentences.Add("A gap that is not kept beside batch work has none (–).");
        return string.Join(' ', sentences);
    }

    /// <summary>Batch tokens per second under a promised gap.</summary>
    public static string Tokens(PromisePricePoint point) =>
        point.IsKept ? F(point.TokensPerSecond, "#,0") : "–";

    static string Whole(decimal usd) => usd.ToString("#,0", CultureInfo.InvariantCulture);

    static string F(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
