using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Plimsoll.Core.Accounts;

namespace Plimsoll.Reports;

/// <summary>The bill of batch work in the idle time, as tables.</summary>
static class BackfillTables
{
    public static void Write(TextWriter page, BackfillStatement backfill)
    {
        var bill = backfill.Bill;
        page.Write("<h2>Batch work in the idle time of the interactive fleet: "
            + $"{HtmlText.Escape(backfill.Workload)}</h2>\n");
        Say(page, BackfillWords.Saved(backfill));
        Say(page, BackfillWords.Promised(backfill));
        Say(page, BackfillWords.Arrivals(backfill));
        ReportTables.Write(page, ["<under", "hours kept", "lines/s", "tokens/s", "worth USD/week"],
            [.. backfill.Policies.Select(p => new[]
            {
                "<" + p.Name, F((decimal)(100 * p.HoursKept), "0") + " %",
                F((decimal)p.LinesPerSecond, "0.00"), F((decimal)p.TokensPerSecond, "#,0"),
                F(p.UsdPerWeek, "#,0"),
            })]);
        var rows = new List<string[]>
        {
            new[] { "<without batch work", F(bill.InteractiveAlone, "0.0000"), "–", "–" },
        };
        rows.AddRange(bill.Rules.Select(r => new[]
        {
            "<" + r.Rule, F(r.InteractiveUsdPerMillionTokens, "0.0000"),
            F(r.BatchUsdPerMillionTokens, "0.0000"), F(r.IdleUsdPerWeek, "#,0"),
        }));
        ReportTables.Write(
            page, ["<who pays the gap", "interactive, $/M tokens", "batch, $/M tokens", "idle, $/week"],
            rows);
        Say(page, BackfillWords.Rules);
        Tenants(page, backfill.Tenants ?? []);
        Levels(page, backfill.BusiestHour);
        Say(page, BackfillWords.BusiestHour(backfill));
        Say(page, BackfillWords.Room(backfill.Loss));
        Say(page, BackfillWords.Promise(backfill));
    }

    static void Say(TextWriter page, string? words)
    {
        if (words is { Length: > 0 })
            page.Write($"<p>{HtmlText.Escape(words)}</p>\n");
    }

    static void Levels(TextWriter page, IReadOnlyList<BackfillLevel> levels) => ReportTables.Write(
        page,
        [
            "<in the busiest hour", "kept", "tokens/s", "TTFT p95, ms", "alone, ms", "TPOT p95, ms",
            "ITL p99, ms", "E2E p95, ms", "$/M tokens of the week", "with its idle time",
        ],
        [.. levels.Select(level => new[]
        {
            "<" + level.Name, level.Goodput is { } good ? Percent(good) + " %" : "–",
            F((decimal)level.TokensPerSecond, "#,0"), Ms(level.TtftMs.P95), Ms(level.TtftAloneMs?.P95),
            Ms(level.TpotMs.P95), Ms(level.ItlMs?.P99), Ms(level.E2eMs.P95),
            level.UsdPerMillionTokens is { } own ? F(own, "0.0000") : "–",
            level.WithIdleUsdPerMillionTokens is { } all ? F(all, "0.0000") : "–",
        })]);

    static void Tenants(TextWriter page, IReadOnlyList<BackfillTenant> tenants)
    {
        if (tenants.Count > 0)
        {
            ReportTables.Write(page, ["<tenant of the batch work", "weight", "% of its tokens"],
                [.. tenants.Take(BackfillWords.MostTenants).Select(tenant => new[]
                {
                    "<" + tenant.Name, $"{tenant.Weight}", Percent(tenant.Share),
                })]);
        }
        Say(page, BackfillWords.MoreTenants(tenants));
    }

    static string Ms(double? ms) => ms is { } value ? F((decimal)value, "#,0") : "–";

    public static (string[], List<string[]>) Week(BackfillStatement backfill)
    {
        var rows = new List<string[]>();
        for (var day = 0; day < 7; day++)
        {
            var hours = Enumerable.Range(24 * day, 24)
                .Select(h => backfill.Week[h % backfill.Week.Count]).ToList();
            rows.Add([
                $"day {day + 1}", Percent(hours.Average(h => h.Interactive)),
                Percent(hours.Average(h => h.Batch)),
                Percent(hours.Average(h => 1 - h.Interactive - h.Batch)),
            ]);
        }
        return (["% of the fleet's time", "interactive", "batch", "idle"], rows);
    }

    public static (string[], List<string[]>) Promise(BackfillStatement backfill) => (
        ["gap, ms", "batch tokens/s", "90 % interval, ±"],
        [.. backfill.PriceOfPromise.Select(p => new[]
        {
            F((decimal)p.LimitMs, "0.#"), BackfillWords.Tokens(p), BackfillWords.Reach(p),
        })]);

    static string Percent(double share) => F((decimal)(100 * share), "0.0");

    static string F(decimal value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
