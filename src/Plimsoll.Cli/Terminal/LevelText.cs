using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Cli.Terminal;

/// <summary>A run level by level, for a person at a terminal: latencies, what was kept, costs.</summary>
static class LevelText
{
    /// <summary>Each level's requests against its own limits, where there are several.</summary>
    public static string Levels(SimulationResult result, IReadOnlyList<LevelPromise> levels)
    {
        if (levels.Count < 2)
            return "";
        var table = new TextTable(
            "level", "requests", "goodput", "TTFT p50 / p95 ms", "TPOT p50 / p95 ms", "ITL p50 / p99 ms",
            "turned away", "as batch");
        for (var i = 0; i < levels.Count; i++)
        {
            var level = result.Levels[i];
            var itl = level.Latencies.Itl.Summarise();
            table.Add(
                levels[i].Spec.Name, level.Measured.ToString("N0", CultureInfo.InvariantCulture),
                level.Goodput is { } good ? F(100 * good, "0.00") + " %" : "–",
                Pair(level.Latencies.Ttft.Summarise()), Pair(level.Latencies.Tpot.Summarise()),
                Pair(itl.P50, itl.P99), F(level.Rejected, "#,0"), F(level.Relegated, "#,0"));
        }
        return table.ToString();
    }

    /// <summary>The bill by level; nothing where no price is known or nothing could be shared.</summary>
    public static string Costs(
        SimulationBounds bounds, IReadOnlyList<LevelPromise> levels, FleetPrice? price)
    {
        if (price?.Of(bounds.Run, levels) is not { } costs)
            return "";
        var table = new TextTable(
            "  cost", "tokens/s", "of the time", "USD/hour", "USD/M tokens (90 %)", "with the idle time");
        for (var i = 0; i < costs.Levels.Count; i++)
        {
            var level = costs.Levels[i];
            var ends = bounds.Of(run => price.PerMillion(run, levels, i));
            var range = ends is { } e && e.High > e.Low ? $" ({Usd(e.Low)}–{Usd(e.High)})" : "";
            table.Add(
                $"  {level.Name}", F(level.TokensPerSecond, "#,0"), F(100 * level.Share, "0.0") + " %",
                F((double)level.UsdPerHour, "0.00"),
                level.UsdPerMillionTokens is { } own ? Usd((double)own) + range : "–",
                level.WithIdleUsdPerMillionTokens is { } all ? Usd((double)all) : "–");
        }
        var idle = costs.UsdPerHour == 0 ? 0 : costs.IdleUsdPerHour / costs.UsdPerHour;
        table.Add("  idle", "–", F(100 * (double)idle, "0.0") + " %", F((double)costs.IdleUsdPerHour, "0.00"),
            "–", "–");
        var text = new StringBuilder(table.ToString());
        var date = price.AsOf is { } asOf ? $"as of {asOf}" : "as given";
        TextLines.Wrap(text, "  ", "  ", $"{F((double)costs.UsdPerHour, "0.00")} USD an hour for "
            + $"{price.Accelerators:N0} × {F((double)price.UsdPerAcceleratorHour, "0.00")}, {date}; idle "
            + "time is paid by those whose promise keeps it idle, which batch work has none of.");
        return text.ToString();
    }

    /// <summary>Drafts chosen step by step beside every fixed number of them.</summary>
    public static string Drafts(IReadOnlyList<DraftPoint>? study, bool isAtOnce)
    {
        if (study is null)
            return "";
        var table = new TextTable(
            "drafts", "TPOT mean ms", "E2E mean ms", "busy", "output tokens/s", "batch tokens/s", "goodput");
        foreach (var point in study)
        {
            table.Add(
                point.Drafts is { } k ? $"{k} in every step" : "chosen step by step",
                point.TpotMs.Mean is { } tpot ? F(tpot, "0.00") : "–",
                point.E2eMs.Mean is { } e2e ? F(e2e, "#,0") : "–", F(100 * point.BusyShare, "0.0") + " %",
                F(point.OutputTokensPerSecond, "#,0"),
                point.BatchOutputTokensPerSecond is { } batch ? F(batch, "#,0") : "–",
                point.Goodput is { } good ? F(100 * good, "0.00") + " %" : "–");
        }
        var text = new StringBuilder(table.ToString());
        if (!isAtOnce)
        {
            TextLines.Wrap(text, "  ", "  ", "Requests that come at a rate give the output tokens they ask "
                + "for with any number of drafts; what drafts do shows in times, busy and batch tokens.");
        }
        return text.ToString();
    }

    public static string Pair(LatencySummary summary) => Pair(summary.P50, summary.P95);

    static string Pair(double? low, double? high) =>
        $"{(low is { } l ? SimulationText.Ms(l) : "–")} / {(high is { } h ? SimulationText.Ms(h) : "–")}";

    static string Usd(double usd) => F(usd, "0.0000");

    static string F(double value, string format) => SimulationText.F(value, format);
}
