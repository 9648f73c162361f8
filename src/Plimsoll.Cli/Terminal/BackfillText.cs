using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Plimsoll.Core.Accounts;
using Plimsoll.Reports;

namespace Plimsoll.Cli.Terminal;

/// <summary>Batch work in the idle time of the interactive fleet, for a person at a terminal.</summary>
static class BackfillText
{
    public static void Write(StringBuilder text, BackfillStatement backfill)
    {
        text.Append($"\nBatch work in the idle time of the interactive fleet: {backfill.Workload}\n");
        Say(text, BackfillWords.Saved(backfill));
        Say(text, BackfillWords.Promised(backfill));
        Say(text, BackfillWords.Arrivals(backfill));
        Policies(text, backfill.Policies);
        Rules(text, backfill.Bill);
        Say(text, BackfillWords.Rules);
        Tenants(text, backfill.Tenants ?? []);
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

    static void Tenants(StringBuilder text, IReadOnlyList<BackfillTenant> tenants)
    {
        if (tenants.Count == 0)
            return;
        var table = new TextTable("  tenant of the batch work", "weight", "of its tokens");
        foreach (var tenant in tenants.Take(BackfillWords.MostTenants))
            table.Add($"  {tenant.Name}", $"{tenant.Weight}", F(100 * tenant.Share, "0.0") + " %");
        text.Append(table);
        Say(text, BackfillWords.MoreTenants(tenants));
    }

    static string Ms(double? ms) => ms is { } value ? F(value, value < 100 ? "0.0" : "#,0") : "–";

    static void Policies(StringBuilder text, IReadOnlyList<BackfillPolicy> policies)
    {
        var table = new TextTable("  under", "hours kept", "lines/s", "tokens/s", "worth USD/week");
        foreach (var policy in policies)
        {
            table.Add($"  {policy.Name}", F(100 * policy.HoursKept, "0") + " %",
                F(policy.LinesPerSecond, "#,0.00"), F(policy.TokensPerSecond, "#,0"),
                Whole(policy.UsdPerWeek));
        }
        text.Append(table);
    }

    static void Rules(StringBuilder text, BackfillBill bill)
    {
        var table = new TextTable("  USD / M tokens", "interactive", "batch", "idle USD/week");
        table.Add("  without batch work", Usd(bill.InteractiveAlone), "–", "–");
        foreach (var rule in bill.Rules)
        {
            table.Add($"  gap: {rule.Rule}", Usd(rule.InteractiveUsdPerMillionTokens),
                Usd(rule.BatchUsdPerMillionTokens), Whole(rule.IdleUsdPerWeek));
        }
        text.Append(table);
    }

    static void Promise(StringBuilder text, BackfillStatement backfill)
    {
        if (backfill.PriceOfPromise.Count == 0)
            return;
        var points = backfill.PriceOfPromise;
        var table = new TextTable(["  promised gap, ms", .. points.Select(point => F(point.LimitMs, "0.#"))]);
        table.Add(["  batch tokens/s", .. points.Select(BackfillWords.Tokens)]);
        table.Add(["  90 % interval, ±", .. points.Select(BackfillWords.Reach)]);
        text.Append(table);
        Say(text, BackfillWords.Promise(backfill));
    }

    static string Whole(decimal usd) => usd.ToString("#,0", CultureInfo.InvariantCulture);

    static string Usd(decimal usd) => usd.ToString("0.0000", CultureInfo.InvariantCulture);

    static string F(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
