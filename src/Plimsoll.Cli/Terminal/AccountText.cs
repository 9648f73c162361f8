using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Measures;
using Plimsoll.Planning.Accounts;

namespace Plimsoll.Cli.Terminal;

/// <summary>
/// The account for a person at a terminal: statement, both classes side by side, waterfall.
/// </summary>
static class AccountText
{
    const int BarWidth = 30;

    public static string Of(AccountOutcome outcome)
    {
        var text = new StringBuilder();
        WriteStatement(text, outcome);
        WriteClasses(text, outcome.Result!.Classes);
        WriteWaterfall(text, outcome.Result.Classes);
        WriteRatio(text, outcome.Result);
        WriteListPrices(text, outcome);
        if (outcome.Credits.Count > 0)
            text.Append("\nLevers on the interactive bill, each alone, USD per million tokens\n");
        foreach (var credit in outcome.Credits)
        {
            TextLines.Wrap(text, $"  {credit.Name,-16}{Signed(credit.UsdPerMillionTokens),10}  ",
                new string(' ', 30), Between(credit.Interval) + credit.Explanation);
        }

        if (outcome.Result.Backfill is { } backfill)
            BackfillText.Write(text, backfill);
        text.Append("\nWhat this rests on\n");
        foreach (var note in outcome.Notes)
            TextLines.Wrap(text, "  ", "    ", note);
        return text.ToString();
    }

    static string Between(CreditInterval? ends) => ends switch
    {
        null => "",
        { Low: { } low, High: { } high } => $"({Signed(low)} to {Signed(high)}) ",
        { Low: { } low } => $"(≥ {Signed(low)}) ",
        { High: { } high } => $"(≤ {Signed(high)}) ",
        _ => "",
    };

    static void WriteRatio(StringBuilder text, AccountResult result)
    {
        var ratio = result.Ratio;
        text.Append('\n').Append($"An interactive token costs {Number(ratio.Value, "0.0")} ");
        text.Append(ratio.High is { } high ? $"({Number(ratio.Low, "0.0")}–{Number(high, "0.0")})"
            : $"(≥ {Number(ratio.Low, "0.0")})");
        text.Append(" times a batch token.\n");
        var (interactive, batch) = (result.Classes[0].Waterfall, result.Classes[1].Waterfall);
        decimal Gap(string step) => interactive.Single(b => b.Step == step).UsdPerMillionTokens
            - batch.Single(b => b.Step == step).UsdPerMillionTokens;

        var all = result.Classes[0].Cost.UsdPerMillionTokens - result.Classes[1].Cost.UsdPerMillionTokens;
        var words =
            $"Without whole-replica rounding and spares {Number(ratio.WithoutRounding, "0.0")} times. Of the "
            + $"${Cents(all)} between them the latency itself is ${Cents(Gap("promise"))}, bursts "
            + $"${Cents(Gap("bursts"))}, the busiest hour paid for all week ${Cents(Gap("peaks"))}, rounding "
            + $"and spares ${Cents(Gap("reserve"))}.";
        if (ratio is { TtftAlone: { } ttft, TpotAlone: { } tpot })
        {
            words += $" With the limit of TTFT alone {Number(ttft, "0.0")} times, of TPOT alone "
                + $"{Number(tpot, "0.0")}.";
        }
        TextLines.Wrap(text, "", "  ", words);
    }

    static string Cents(decimal usd) => usd.ToString("0.00", CultureInfo.InvariantCulture);

    /// <summary>What public APIs ask for the same model and mix of tokens, where any sells it.</summary>
    static void WriteListPrices(StringBuilder text, AccountOutcome outcome)
    {
        if (PublicPrices.Of(outcome) is not { } prices)
            return;
        TextLines.Wrap(text, "", "  ", $"Public APIs ask {Usd(prices.CheapestUsdPerMillionTokens)} to "
            + $"{Usd(prices.DearestUsdPerMillionTokens)} for the same mix, median "
            + $"{Usd(prices.MedianUsdPerMillionTokens)} of "
            + $"{prices.Offers.Count} offers as of {prices.AsOf}; the interactive class costs that median at "
            + $"${Number((double)prices.BreakEvenUsdPerGpuHour, "0.00")} per accelerator-hour.");
    }

    static void WriteStatement(StringBuilder text, AccountOutcome outcome)
    {
        var statement = outcome.Result!.Statement;
        var d = statement.Deployment;
        text.Append($"{statement.Model}, {d.Weights} weights, {d.Kv} KV, on "
            + $"{outcome.Engine.Deployment.Accelerators} × {d.Gpu}");
        text.Append($" per replica (tp {d.Tp}, pp {d.Pp}, ep {d.Ep}, dp {d.Dp}), {d.Engine}, {d.Policy}\n");
        text.Append($"{statement.Workload} at "
            + $"{Number(outcome.Request.Serving.RequestsPerSecond, "0.##")} requests/s, ");
        var peak = Peak(outcome.Request.Serving.Workload.WeeklyEnvelope);
        text.Append($"busiest hour {Number(peak, "0.00")} × the mean\n");
        text.Append($"${Number(statement.Price.UsdPerGpuHour, "0.00##")} per accelerator-hour, ");
        text.Append($"{statement.Price.Origin}\n\n");
    }

    static void WriteClasses(StringBuilder text, IReadOnlyList<ClassAccount> classes)
    {
        var table = new TextTable(["(90 % interval)", .. classes.Select(c => c.Class)]);
        Row(table, "promise", classes, c => Promise(c, 0));
        for (var i = 1; i < Most(classes); i++)
        {
            var line = i;
            Row(table, "", classes, c => Promise(c, line));
        }
        Row(table, "load line", classes, c => LoadLine(c.LoadLine)
            + Ends(c, e => e.LoadLineRequestsPerSecond, "0.0") + " req/s/replica");
        Row(table, "  bound by", classes, c => c.LoadLine.BindingLimit);
        Row(table, "fleet", classes, c =>
            $"{c.Fleet.Replicas}{Ends(c, e => e.Replicas, "0")} replica{(c.Fleet.Replicas == 1 ? "" : "s")}, "
            + $"{c.Fleet.Accelerators} "
            + (c.Fleet.Accelerators == 1 ? "GPU" : "GPUs"));
        Row(table, "  USD per hour", classes, c =>
            Number(c.Fleet.UsdPerHour, "#,0.00") + Ends(c, e => e.UsdPerHour, "#,0"));
        Row(table, "load, of load lines", classes, c =>
            Number(100 * c.Utilisation, "0.0") + Ends(c, e => 100 * e.Utilisation, "0") + " %");
        Row(table, "  of full batches", classes, c => Number(
            100 * c.Utilisation * c.LoadLine.RequestsPerSecond / classes[^1].LoadLine.RequestsPerSecond, "0")
                + " %");
        Cost(table, "USD / M tokens", classes, c => c.UsdPerMillionTokens);
        Cost(table, "  input", classes, c => c.UsdPerMillionInputTokens);
        Cost(table, "  cached input", classes, c => c.UsdPerMillionCachedInputTokens);
        Cost(table, "  output", classes, c => c.UsdPerMillionOutputTokens);
        Row(table, "  in full batches", classes, c => $"{Usd(c.WithoutIdle.UsdPerMillionInputTokens)} input, "
            + $"{Usd(c.WithoutIdle.UsdPerMillionOutputTokens)} output");
        Row(table, "  idle or underfilled", classes, c =>
            $"{Usd(c.WithoutIdle.IdleUsdPerMillionTokens)} on all");
        Row(table, "USD / request", classes, c =>
            c.Cost.UsdPerRequest.ToString("0.000000", CultureInfo.InvariantCulture)
            + Ends(c, e => (double?)e.Cost?.UsdPerRequest, "0.000000"));
        if (classes.All(c => c.Cost.UsdPerMillionOutputTokens == 0))
            Cost(table, "USD / M documents", classes, c => 1_000_000 * c.UsdPerRequest);
        Row(table, "TTFT p50 / p95", classes, c => Latency(c, l => l.TtftMs));
        Row(table, "TPOT p50 / p95", classes, c => Latency(c, l => l.TpotMs));
        Row(table, "ITL p50 / p95", classes, c => Latency(c, l => l.ItlMs));
        Row(table, "E2E p50 / p95", classes, c => Seconds(c, l => l.E2eMs));
        Row(table, "step times: tier", classes, c => c.Tier);
        text.Append(table);
    }

    /// <summary>No more digits than sampling knows: the last is within ten standard errors.</summary>
    static string LoadLine(LoadLine line)
    {
        if (line.StandardError is not ({ } error and > 0))
            return Number(line.RequestsPerSecond, "0.0");
        var decimals = Math.Clamp((int)Math.Ceiling(-Math.Log10(error)), 0, 6);
        var format = decimals == 0 ? "0" : "0." + new string('0', decimals);
        return $"{Number(line.RequestsPerSecond, format)} ± {Number(error, format)}";
    }

    static void Cost(
        TextTable table, string label, IReadOnlyList<ClassAccount> classes,
        Func<CostStatement, decimal?> cost) =>
        Row(table, label, classes, c => cost(c.Cost) is { } usd
            ? Usd(usd) + Ends(c, e => e.Cost is { } end ? (double?)cost(end) : null, "0.0000")
            : "none");

    /// <summary>
    /// The interval of a figure in brackets; without a high end where the promise cannot be kept.
    /// </summary>
    static string Ends(ClassAccount account, Func<ClassEnd, double?> figure, string format)
    {
        var low = figure(account.Bounds.Low);
        var high = figure(account.Bounds.High);
        return low is null ? ""
            : high is null ? $" (≥ {Number(low.Value, format)})"
            : $" ({Number(low.Value, format)}–{Number(high.Value, format)})";
    }

    static void WriteWaterfall(StringBuilder text, IReadOnlyList<ClassAccount> classes)
    {
        text.Append("\nFrom the physical floor to the bill, USD per million tokens\n");
        decimal scale = 0;
        foreach (var account in classes)
            scale = Math.Max(scale, account.Cost.UsdPerMillionTokens);
        var levels = new decimal[classes.Count];
        for (var step = 0; step < classes[0].Waterfall.Count; step++)
        {
            text.Append($"  {classes[0].Waterfall[step].Step,-10}");
            for (var i = 0; i < classes.Count; i++)
            {
                var bar = classes[i].Waterfall[step].UsdPerMillionTokens;
                text.Append($"{Signed(bar),10} {Bar(levels[i], levels[i] + bar, scale)}");
                levels[i] += bar;
            }
            TrimEnd(text);
            text.Append('\n');
        }
        text.Append("  total     ");
        for (var i = 0; i < classes.Count; i++)
            text.Append($"{Usd(levels[i]),10} {Bar(0, levels[i], scale)}");
        TrimEnd(text);
        text.Append('\n');
    }

    /// <summary>
    /// A bar from one level to another on a fixed scale; its own width even when it is tiny.
    /// </summary>
    static string Bar(decimal from, decimal to, decimal scale)
    {
        var low = (int)Math.Floor(Math.Min(from, to) / scale * BarWidth);
        var high = (int)Math.Ceiling(Math.Max(from, to) / scale * BarWidth);
        var filled = from == to ? 0 : Math.Max(1, high - low);
        low = Math.Min(low, BarWidth - filled);
        return new string(' ', low) + new string(to >= from ? '█' : '░', filled)
            + new string(' ', BarWidth - low - filled) + "  ";
    }

    static void Row(
        TextTable table, string label, IReadOnlyList<ClassAccount> classes,
        Func<ClassAccount, string> value) =>
        table.Add([label, .. classes.Select(value)]);

    static string Promise(ClassAccount account, int index)
    {
        if (index >= account.Promise.Count)
            return "";
        var limit = account.Promise[index];
        return limit.Metric == "window"
            ? $"done within {Number(limit.LimitMs / 3_600_000, "0.##")} h"
            : $"{(limit.Level is { } level ? level + ": " : "")}{limit.Metric} "
            + $"p{Number(limit.Percentile, "0.###")} {Number(limit.LimitMs, "0.###")}ms";
    }

    static int Most(IReadOnlyList<ClassAccount> classes)
    {
        var most = 1;
        foreach (var account in classes)
            most = Math.Max(most, account.Promise.Count);
        return most;
    }

    static string Latency(ClassAccount account, Func<LatencyStatement, LatencySummary> metric)
    {
        var (value, low, high) = (
            metric(account.Latency), metric(account.Bounds.Low.Latency), metric(account.Bounds.High.Latency));
        return $"{Ms(value.P50, low.P50, high.P50)} / {Ms(value.P95, low.P95, high.P95)} ms";
    }

    static string Seconds(ClassAccount account, Func<LatencyStatement, LatencySummary> metric)
    {
        var (value, low, high) = (
            metric(account.Latency), metric(account.Bounds.Low.Latency), metric(account.Bounds.High.Latency));
        return $"{S(value.P50)} ({S(low.P50)}–{S(high.P50)}) / {S(value.P95)} ({S(low.P95)}–{S(high.P95)}) s";
    }

    static string S(double? ms) =>
        ms is { } value ? Number(value / 1000, value < 10_000 ? "0.00" : "#,0.0") : "–";

    static string Ms(double? value, double? low, double? high) =>
        low is null || high is null ? Ms(value) : $"{Ms(value)} ({Ms(low)}–{Ms(high)})";

    static string Ms(double? value) => value is { } ms ? Number(ms, ms < 100 ? "0.0" : "#,0") : "–";

    static string Usd(decimal value) => value.ToString("0.0000", CultureInfo.InvariantCulture);

    static string Signed(decimal value) =>
        value.ToString("+0.0000;-0.0000;0.0000", CultureInfo.InvariantCulture);

    static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    static double Peak(IReadOnlyList<double> envelope)
    {
        double peak = 0;
        foreach (var hour in envelope)
            peak = Math.Max(peak, hour);
        return peak;
    }

    static void TrimEnd(StringBuilder text)
    {
        while (text.Length > 0 && text[^1] == ' ')
            text.Length--;
    }
}
