using System;
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
            + $"A job of {F(Known(backfill.LinesPerWindow), "#,0")} lines"
            + $"{(backfill.Arrivals is null ? "" : " more")} is done within "
            + $"{F(backfill.WindowHours, "0.##")} h whenever of the week it comes.";
    }

    /// <summary>
    /// Two digits, downwards: lines that are said to be done are, and streams differ by a few in a hundred.
    /// </summary>
    static double Known(double lines)
    {
        var unit = lines < 100 ? 1 : Math.Pow(10, Math.Floor(Math.Log10(lines)) - 1);
        return Math.Floor(lines / unit) * unit;
    }

    /// <summary>What is promised to batch work; null where nothing is.</summary>
    public static string? Promised(BackfillStatement backfill) => backfill.PromisedShare is { } share
        ? $"{F(100 * share, "0.#")} % of each engine's time, KV and sequences are promised to it." : null;

    /// <summary>All that comes is done in every stream: then it is worth the same in all.</summary>
    static string Range(BackfillBill bill) => bill.SavedHigh > bill.SavedLow
        ? $" ({Whole(bill.SavedLow)}–{Whole(bill.SavedHigh)})"
        : "";

    /// <summary>Tenants that have a row of their own.</summary>
    public const int MostTenants = 20;

    /// <summary>The others; null where there are none.</summary>
    public static string? MoreTenants(IReadOnlyList<BackfillTenant> tenants) =>
        tenants.Count <= MostTenants ? null
            : $"{tenants.Count - MostTenants} more tenants have "
                + $"{F(100 * tenants.Skip(MostTenants).Sum(t => t.Share), "0.0")} % of its tokens.";

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

    /// <summary>Why the rules and the lever name two prices.</summary>
    public const string Rules = "The rules split this fleet's own bill by the time that each kind of work "
        + "used; the lever batch backfill takes off that bill what a fleet of its own would cost the batch "
        + "work instead. They are two answers, not to be added.";

    /// <summary>From what there is room for to what is done in it.</summary>
    public static string Room(BackfillLoss loss)
    {
        var share = loss.Efficiency switch
        {
            null => "",
            <= 1 and var part => $": {F(100 * part, "0")} % of what fits",
            { } part => $": {F(100 * part, "0.0")} % of what was to fit at most, which is then no bound",
        };
        return $"All idle time in batches of their own would do {F(loss.AtFullBatchSpeed, "0.00")} lines/s; "
            + "steps that carry both kinds of work may do more. "
            + $"Who knows the future fits {F(loss.Clairvoyant, "0.00")} into the promise; "
            + $"{F(loss.WithoutMargin, "0.00")} are done when steps are planned without a margin, "
            + $"{F(loss.Done, "0.00")} with it{share}. Recomputed: {F(100 * loss.RecomputedShare, "0.0")} % "
            + "of the batch prompt tokens. Steps are simulated to their end: none is cut short.";
    }

    /// <summary>What the promise on gaps costs; null where none is promised.</summary>
    public static string? Promise(BackfillStatement backfill)
    {
        if (backfill.PriceOfPromise.Count == 0)
            return null;
        var sentences = new List<string>();
        if (Slope(backfill) is { } slope)
            sentences.Add(slope);
        if (Opportunity(backfill) is { } opportunity)
            sentences.Add(opportunity);
        if (backfill.PriceOfPromise.Any(p => !p.IsKept))
            sentences.Add("A gap that is not kept beside batch work has none (–).");
        if (backfill.PriceOfPromiseNote is { } note)
            sentences.Add(note);
        return string.Join(' ', sentences);
    }

    static string? Slope(BackfillStatement backfill)
    {
        if (backfill.TokensPerHourAndMs is not { } mean || backfill.TokensPerHourAndMsLow is not { } low
            || backfill.TokensPerHourAndMsHigh is not { } high)
        {
            return null;
        }
        var reach = (high - low) / 2;
        var (known, least, most) = (Known(mean, reach), Known(low, reach), Known(high, reach));
        return (low, high) switch
        {
            (0, 0) => "A gap a millisecond tighter forgoes no batch tokens.",
            ( > 0, _) => $"Each millisecond tighter forgoes {known} ({least}–{most}) batch tokens an hour.",
            (_, < 0) => $"A tighter gap forgoes nothing here: each millisecond does {Known(-mean, reach)} "
                + $"({Known(-high, reach)}–{Known(-low, reach)}) batch tokens an hour more.",
            _ => $"What a millisecond tighter forgoes cannot be told from 0: {least} to {most} "
                + "batch tokens an hour.",
        };
    }

    static string? Opportunity(BackfillStatement backfill)
    {
        if (backfill is not
            { OpportunityUsdPerMillionTokens: { } usd, OpportunityLow: { } low, OpportunityHigh: { } high })
        {
            return null;
        }
        var most = Usd(high);
        return (low, high) switch
        {
            (0, 0) => "The promise keeps out nothing.",
            ( > 0, _) => $"What the promise keeps out would earn ${Usd(usd)} ({Usd(low)}–{most}) per million "
                + "interactive tokens.",
            (_, > 0) => $"What the promise keeps out cannot be told from nothing: it would earn at most "
                + $"${most} per million interactive tokens.",
            _ => "The promise keeps out nothing that the loosest gap would let in.",
        };
    }

    static string Usd(decimal usd) => usd.ToString("0.0000", CultureInfo.InvariantCulture);

    /// <summary>A figure to a tenth of what it is known to.</summary>
    static string Known(double value, double reach)
    {
        var step = reach > 0 ? Math.Pow(10, Math.Floor(Math.Log10(reach)) - 1) : 1;
        var rounded = step > 1 ? step * Math.Round(value / step) : value;
        return F(rounded == 0 ? 0 : rounded, "#,0");
    }

    /// <summary>How far the 90 % interval of batch tokens per second reaches on either side.</summary>
    public static string Reach(PromisePricePoint point) =>
        point.IsKept ? F(Math.Max(point.High - point.TokensPerSecond, 0), "#,0") : "–";

    /// <summary>Batch tokens per second under a promised gap.</summary>
    public static string Tokens(PromisePricePoint point) =>
        point.IsKept ? F(point.TokensPerSecond, "#,0") : "–";

    static string Whole(decimal usd) => usd.ToString("#,0", CultureInfo.InvariantCulture);

    static string F(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
