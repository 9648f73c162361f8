using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Plimsoll.Core.Accounts;
using Plimsoll.Reports;

namespace Plimsoll.Cli.Terminal;

/// <summary>Batch work in the idle time of the interactive fleet, for a person at a terminal.</summary>
static class BackfillText
{
    public static void Write(StringBuilder text, BackfillStatement backfill)
    {
        var bill = backfill.Bill;
        text.Append($"\nBatch work in the idle time of the interactive fleet: {backfill.Workload}\n");
        Say(text, BackfillWords.Saved(backfill));
        Say(text, BackfillWords.Arrivals(backfill));
        text.Append("  under                      hours kept     lines/s    tokens/s   worth USD/week\n");
        foreach (var policy in backfill.Policies)
        {
            text.Append($"  {policy.Name,-27}{F(100 * policy.HoursKept, "0"),8} %  "
                + $"{F(policy.LinesPerSecond, "#,0.00"),10}  {F(policy.TokensPerSecond, "#,0"),10}  "
                + $"{Whole(policy.UsdPerWeek),15}\n");
        }
        Rules(text, bill);
        Say(text, BackfillWords.Rules);
        Levels(text, backfill.BusiestHour);
        Say(text, BackfillWords.BusiestHour(backfill));
        Say(text, BackfillWords.Room(backfill.Loss));
        Promise(text, backfill);
    }

    static void Say(StringBuilder text, string? words)
    {
        if (words is { Length: > 0 })
            TextLines.Wrap(text, "  ", "  ", words);
    }

    /// <summary>Latencies of the busiest hour; costs of the week.</summary>
    static void Levels(StringBuilder text, IReadOnlyList<BackfillLevel> levels)
    {
        var table = new TextTable(
            "  in the busiest hour", "kept", "tokens/s", "TTFT p95 ms", "alone", "TPOT p95", "ITL p99",
            "$/M, week", "with idle");
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

    static void Promise(StringBuilder text, BackfillStatement backfill)
    {
        if (backfill.PriceOfPromise.Count == 0)
            return;
        text.Append("  promised gap, ms ");
        foreach (var point in backfill.PriceOfPromise)
            text.Append($"{F(point.LimitMs, "0.#"),9}");
        text.Append("\n  batch tokens/s   ");
        foreach (var point in backfill.PriceOfPromise)
            text.Append($"{BackfillWords.Tokens(point),9}");
        text.Append("\n  90 % interval, ± ");
        foreach (var point in backfill.PriceOfPromise)
            text.Append($"{BackfillWords.Reach(point),9}");
        text.Append('\n');
        Say(text, BackfillWords.Promise(backfill));
    }

    static string Whole(decimal usd) => usd.ToString("#,0", CultureInfo.InvariantCulture);

    static string Usd(decimal usd) => usd.ToString("0.0000", CultureInfo.InvariantCulture);

    static string F(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
