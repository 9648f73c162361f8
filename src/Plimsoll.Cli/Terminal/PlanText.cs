using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Plimsoll.Planning.Plans;

namespace Plimsoll.Cli.Terminal;

/// <summary>A plan at a terminal.</summary>
static class PlanText
{
    public static string Of(PlanDocument plan)
    {
        if (plan.Steady is { } steady)
            return Steady(plan, steady);
        var text = new StringBuilder();
        var s = plan.Statement;
        TextLines.Wrap(text, "", "  ", FormattableString.Invariant(
            $"{s.Workload} at {s.RequestsPerSecond:0.##} requests/s, busiest hour {s.PeakOverMean:0.00} × ")
            + $"the mean; promise: {string.Join(", ", s.Promise)}");
        text.Append('\n');
        if (plan.Best.Count > 0)
            Best(text, plan);
        else
            Nobody(text, plan);
        if (plan.Batch is { } batch)
            Pools(text, batch);
        Funnel(text, plan);
        Favourites(text, plan);
        if (plan.Levers is { } levers)
            LeverText.Write(text, levers);
        text.Append('\n');
        foreach (var note in plan.Notes)
            TextLines.Wrap(text, "· ", "  ", note);
        return text.ToString();
    }

    static void Best(StringBuilder text, PlanDocument plan)
    {
        var table = new TextTable(
            "#", "USD/h", "USD/M tokens", "(90 %)", "over the best", "fleet", "deployment", "line/s",
            "bound by", "tier");
        foreach (var row in plan.Best)
        {
            table.Add(
                Number(row.Rank, "0"), Number(row.Bill.UsdPerHour, "0.00"),
                Number(row.Bill.UsdPerMillionTokens, "0.0000"), Interval(row), Over(row),
                FormattableString.Invariant(
                    $"{row.Fleet.Units} × {row.Fleet.Accelerators / row.Fleet.Units}"),
                row.Deployment, Number(row.LoadLine, "0.00"), row.BindingLimit, row.Tier);
        }
        text.Append(table);
        var best = plan.Best[0];
        text.Append('\n');
        TextLines.Wrap(text, "", "  ", FormattableString.Invariant(
            $"Of the best's ${best.Bill.UsdPerHour:0.00} an hour ${best.Bill.RoundingUsdPerHour:0.00} is ")
            + FormattableString.Invariant($"for whole replicas and ${best.Bill.SpareUsdPerHour:0.00} for ")
            + FormattableString.Invariant(
                $"{best.Fleet.Spare} spare; ${best.Price.UsdPerGpuHour:0.00##} per ")
            + $"accelerator-hour, {best.Price.Origin}.");
        var ties = plan.Best.Where(row => row.Tie).Select(row => Number(row.Rank, "0")).ToList();
        if (ties.Count > 0)
        {
            var named = string.Join(", ", ties);
            TextLines.Wrap(text, "", "  ", $"Tied with it, as far as can be told: {named}.");
        }
    }

    static string Steady(PlanDocument plan, IReadOnlyList<PlanSteadyRow> rows)
    {
        var text = new StringBuilder();
        var limits = plan.Statement.Promise.Count > 0 ? string.Join(", ", plan.Statement.Promise)
            : "no limit";
        TextLines.Wrap(text, "", "  ", $"{plan.Statement.Workload}; {limits}");
        text.Append('\n');
        if (rows.Count == 0)
            text.Append("Nobody keeps these limits.\n");
        var table = new TextTable(
            "#", "USD/M tokens", "out tok/s/GPU", "tok/s/user", "TTFT ms", "TPOT ms", "at once", "GPUs",
            "deployment", "tier");
        foreach (var row in rows)
        {
            table.Add(
                Number(row.Rank, "0"), Number(row.UsdPerMillionTokens, "0.0000"),
                Number(row.OutputTokensPerSecondPerAccelerator, "0"),
                    Number(row.TokensPerSecondPerUser, "0.0"),
                Number(row.TtftMs, "0"), Number(row.TpotMs, "0.0"), Number(row.Concurrency, "0"),
                Number(row.Accelerators, "0"), row.Deployment, row.Tier);
        }
        if (rows.Count > 0)
            text.Append(table);
        text.Append('\n');
        foreach (var row in plan.Funnel)
        {
            text.Append(FormattableString.Invariant($"{row.Fell:N0} of {plan.Statement.Candidates:N0}: "))
                .Append(row.Meaning).Append('\n');
        }
        foreach (var note in plan.Notes)
            TextLines.Wrap(text, "· ", "  ", note);
        return text.ToString();
    }

    static void Pools(StringBuilder text, PlanBatchStatement batch)
    {
        text.Append('\n');
        TextLines.Wrap(text, "", "  ", FormattableString.Invariant(
            $"With {batch.Workload} beside it, {batch.LinesPerSecond:0.###} lines/s, each within ")
            + FormattableString.Invariant($"{batch.WindowHours:0.##} h; a fleet of its own is of ")
            + FormattableString.Invariant($"{batch.Deployment}, {batch.LinesPerUnit:0.###} lines/s and ")
            + FormattableString.Invariant($"${batch.UsdPerUnitHour:0.00} an hour each, tier {batch.Tier}"));
        if (batch.Fleets.Count == 0)
            text.Append("No fleet does both within the accelerators and the budget that are allowed.\n");
        var table = new TextTable(
            "#", "USD/h", "requests' fleet", "lines/s in it", "(90 %)", "own fleet", "nothing rounded");
        foreach (var row in batch.Fleets)
        {
            table.Add(
                Number(row.Rank, "0"), Number(row.UsdPerHour, "0.00"),
                FormattableString.Invariant($"{row.Units} × {row.Deployment} (#{row.RankAlone})"),
                row.Apart ? "apart" : Number(row.LinesPerSecond, "0.00"),
                row.Apart ? "" : FormattableString.Invariant($"{row.Low:0.00}–{row.High:0.00}"),
                FormattableString.Invariant($"{row.BatchUnits} ×"), Number(row.UnroundedUsdPerHour, "0.00"));
        }
        if (batch.Fleets.Count > 0)
            text.Append(table);
    }

    static void Nobody(StringBuilder text, PlanDocument plan)
    {
        text.Append(plan.Funnel.Any(row => row.Stage == "limits")
            ? "Nobody keeps this promise within the accelerators and the budget that are allowed.\n"
            : "Nobody keeps this promise.\n");
        if (plan.Nearest is not { } nearest)
            return;
        var row = nearest.Best;
        var promise = string.Join(", ", nearest.Promise);
        // What keeps the promise itself is over what is allowed.
        var what = nearest.Promise.SequenceEqual(plan.Statement.Promise) ? "The least that keeps it"
            : $"The nearest that can be kept is {promise}";
        TextLines.Wrap(text, "", "  ", $"{what}: by "
            + FormattableString.Invariant(
                $"{row.Fleet.Units} × {row.Deployment}, ${row.Bill.UsdPerHour:0.00} an ")
            + FormattableString.Invariant($"hour, ${row.Bill.UsdPerMillionTokens:0.0000} per million tokens ")
            + $"({Interval(row)}, tier {row.Tier}).");
    }

    static void Funnel(StringBuilder text, PlanDocument plan)
    {
        text.Append(FormattableString.Invariant($"\n{plan.Statement.Candidates:N0} candidates, "))
            .Append(FormattableString.Invariant(
                $"{plan.Statement.SimulatedRequests:N0} requests simulated"))
            .Append(plan.Funnel.Count > 0 ? "; where they fell\n" : "\n");
        if (plan.Funnel.Count == 0)
            return;
        var table = new TextTable("stage", "fell", "why");
        foreach (var row in plan.Funnel)
            table.Add(row.Stage, Number(row.Fell, "#,0"), row.Meaning);
        text.Append(table);
    }

    static void Favourites(StringBuilder text, PlanDocument plan)
    {
        text.Append("\nThe best of each card, and how far it came\n");
        var table = new TextTable("card", "deployment", plan.Statement.Objective switch
        {
            "cost" => "USD/h", "energy" => "W", _ => "accelerators",
        }, "came to", "because");
        foreach (var row in plan.Favourites.OrderBy(f => f.AtLeast ?? double.MaxValue))
        {
            table.Add(
                row.Family, row.Deployment,
                row.AtLeast is { } least ? row.Sign + Number(least, "0.00") : "–",
                row.Stage, row.Rank is { } rank ? $"rank {rank}" : row.Reason);
        }
        text.Append(table);
    }

    static string Interval(PlanRow row) => row.Bill.Interval.High is { } high
        ? FormattableString.Invariant($"{row.Bill.Interval.Low:0.00}–{high:0.00}")
        : FormattableString.Invariant($"≥ {row.Bill.Interval.Low:0.00}");

    static string Over(PlanRow row) =>
        row.OverBest is { } over ? over.Percent() + (row.Tie ? " tie" : "") : "–";

    static string Number(IFormattable value, string format) =>
        value.ToString(format, CultureInfo.InvariantCulture);
}
