using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Plimsoll.Core.Accounts;

namespace Plimsoll.Cli.Terminal;

/// <summary>Batch work in the idle time of the interactive fleet, for a person at a terminal.</summary>
static class BackfillText
{
    public static void Write(StringBuilder text, BackfillStatement backfill)
    {
        var bill = backfill.Bill;
        text.Append($"\nBatch work in the idle time of the interactive fleet: {backfill.Workload}\n");
        TextLines.Wrap(text, "  ", "  ", $"${Whole(bill.SavedUsdPerWeek)}{Range(bill)} "
            + "a week saved against a fleet of its own in full batches; with that fleet in whole replicas "
            + $"${Whole(bill.SavedWholeReplicasUsdPerWeek)}. A job of "
            + $"{F(backfill.LinesPerWindow, "#,0")} lines{(backfill.Arrivals is null ? "" : " more")} is "
            + $"done within {F(backfill.WindowHours, "0.##")} h whenever of the week it comes.");
        Arrivals(text, backfill);
        text.Append("  under                      hours kept     lines/s    tokens/s   worth USD/week\n");
        foreach (var policy in backfill.Policies)
        {
            text.Append($"  {policy.Name,-27}{F(100 * policy.HoursKept, "0"),8} %  "
                + $"{F(policy.LinesPerSecond, "#,0.00"),10}  {F(policy.TokensPerSecond, "#,0"),10}  "
                + $"{Whole(policy.UsdPerWeek),15}\n");
        }
        Rules(text, bill);
        Levels(text, backfill.BusiestHour);
        if (backfill.BusiestHourNote is { } note)
            TextLines.Wrap(text, "  ", "  ", $"In the busiest hour {note}.");
        Loss(text, backfill.Loss);
        Promise(text, backfill);
    }

    /// <summary>All that comes is done in every stream: then it is worth the same in all.</summary>
    static string Range(BackfillBill bill) => bill.SavedHigh > bill.SavedLow
        ? $" ({Whole(bill.SavedLow)}–{Whole(bill.SavedHigh)})"
        : "";

    static void Arrivals(StringBuilder text, BackfillStatement backfill)
    {
        if (backfill.Arrivals is not { } arrivals)
            return;
        var wait = arrivals.LongestWaitHours is { } hours
            ? $"the longest wait is {F(hours, "0.0")} h"
            : "more comes than there is ever room for, so that a gateway has to turn the others away";
        TextLines.Wrap(text, "  ", "  ", $"Of {F(arrivals.LinesPerSecond, "0.##")} lines/s that come, "
            + $"{F(100 * arrivals.Done, "0.0")} % are done, {F(100 * arrivals.InTime, "0.0")} % within "
            + $"{F(backfill.WindowHours, "0.##")} h; {wait}.");
    }

    /// <summary>Latencies of the busiest hour; costs of the week.</summary>
    static void Levels(StringBuilder text, IReadOnlyList<BackfillLevel> levels)
    {
        var table = new TextTable(
            "  in the busiest hour", "kept", "tokens/s", "TTFT p95 ms", "alone", "TPOT p95", "ITL p99",
            "$/M tokens", "with idle");
        foreach (var level in levels)
        {
            table.Add(
                $"  {level.Name}", level.Goodput is { } good ? F(100 * good, "0.00") + " %" : "–",
                F(level.TokensPerSecond, "#,0"), Ms(level.TtftMs.P95), Ms(level.TtftAloneMs?.P95),
                Ms(level.TpotMs.P95), Ms(level.ItlMs?.P99),
                level.UsdPerMillionTokens is { } own ? Usd(own) : "–",
                level.WithIdleUsdPerMillionTokens is { } all ? Usd(all) : "–");
        }
        text.Append(table);
    }

    static string Ms(double? ms) => ms is { } value ? F(value, value < 100 ? "0.0" : "#,0") : "–";

    static void Rules(StringBuilder text, BackfillBill bill)
    {
        text.Append("  USD / M tokens           interactive       batch   idle USD/week\n");
        text.Append($"  {"without batch work",-25}{Usd(bill.InteractiveAlone),11}\n");
        foreach (var rule in bill.Rules)
        {
            text.Append($"  {"gap: " + rule.Rule,-25}{Usd(rule.InteractiveUsdPerMillionTokens),11}  "
                + $"{Usd(rule.BatchUsdPerMillionTokens),10}  {Whole(rule.IdleUsdPerWeek),14}\n");
        }
    }

    static void Loss(StringBuilder text, BackfillLoss loss)
    {
        TextLines.Wrap(text, "  ", "  ", $"The idle time holds {F(loss.AtFullBatchSpeed, "0.00")} lines/s at "
            + "full-batch speed. " + (loss.Efficiency is null
                ? "How much fits the promise for who knows the future is not known; "
                : $"Who knows the future fits {F(loss.Clairvoyant, "0.00")} into the promise; ")
            + $"{F(loss.WithoutMargin, "0.00")} are done when steps are planned without a margin, "
            + $"{F(loss.Done, "0.00")} with it"
            + (loss.Efficiency is { } share ? $": {F(100 * share, "0")} % of what fits. " : ". ")
            + $"Recomputed: {F(100 * loss.RecomputedShare, "0.0")} % of the batch prompt tokens. "
            + "No step is cut short: this engine cannot.");
    }

    static void Promise(StringBuilder text, BackfillStatement backfill)
    {
        if (backfill.PriceOfPromise.Count == 0)
            return;
        text.Append("  promised gap, ms ");
        foreach (var point in backfill.PriceOfPromise)
            text.Append($"{F(point.LimitMs, "0.#"),9}");
        text.Append("\n  batch tokens/s   ");
        foreach (var point in backfill.PriceOfPromise)
            text.Append($"{F(point.TokensPerSecond, "#,0"),9}");
        text.Append('\n');
        var slope = F(backfill.TokensPerHourAndMs ?? 0, "#,0");
        var forgone = Usd(backfill.OpportunityUsdPerMillionTokens ?? 0);
        TextLines.Wrap(text, "  ", "  ", $"Each millisecond tighter forgoes {slope} batch tokens an hour; "
            + $"what the promise keeps out would earn ${forgone} per million interactive tokens.");
    }

    static string Whole(decimal usd) => usd.ToString("#,0", CultureInfo.InvariantCulture);

    static string Usd(decimal usd) => usd.ToString("0.0000", CultureInfo.InvariantCulture);

    static string F(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
