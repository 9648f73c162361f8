using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Plimsoll.Planning.Validation;
using Plimsoll.Planning.Validation.Analytic;

namespace Plimsoll.Cli.Terminal;

/// <summary>The validation for a person at a terminal.</summary>
static class ValidationText
{
    public static string Of(ValidationReport report, int worstPoints)
    {
        var text = new StringBuilder();
        if (report.Analytic.Count > 0)
            AddAnalytic(text, report.Analytic);
        foreach (var set in report.Sets)
            AddSet(text, set, worstPoints);
        foreach (var (name, source) in report.Absent)
            text.Append($"{name}: not run, the data folder has no {source}\n");
        text.Append(report.Passes ? "Every promised figure is kept" : "A promised figure is missed");
        text.Append(report.Absent.Count == 0
            ? ".\n" : $", of what could be run; {report.Absent.Count} sets had no data.\n");
        return text.ToString();
    }

    static void AddAnalytic(StringBuilder text, IReadOnlyList<AnalyticCheck> checks)
    {
        text.Append("Theory: the simulator as a queue, and the memory bandwidth no decode outruns\n");
        var table = new TextTable("check", "theory", "simulated", "std error", "z", "", "simulated as");
        foreach (var check in checks)
        {
            table.Add(
                check.Name, $"{F(check.Theory, "0.000")} {check.Unit}",
                $"{F(check.Measured, "0.000")} {check.Unit}",
                check.StandardError > 0 ? F(check.StandardError, "0.000") : "–",
                check.Z is { } z ? Signed(z) : "–", check.Holds ? "" : "missed", check.Setup);
        }
        text.Append(table).Append('\n');
    }

    static void AddSet(StringBuilder text, SetReport set, int worstPoints)
    {
        text.Append($"{set.Title} ({set.Name}, {set.Source})\n");
        text.Append($"fitted    {set.Fitted}\n");
        text.Append($"held out  {set.HeldOut}\n");
        foreach (var assumption in set.Assumed)
            text.Append($"assumed   {assumption}\n");
        foreach (var (reason, count) in set.Dropped)
            text.Append($"left out  {count:N0}: {reason}\n");
        var table = new TextTable(
            "split", "figure", "points", "median %", "p90 %", "worst %", "bias %", "within 90 %", "width",
            "promised",
            "", "best published");
        foreach (var row in set.Rows)
        {
            table.Add(
                row.Split, row.Figure, row.Points.ToString("N0", CultureInfo.InvariantCulture),
                F(row.MedianPercent, "0.0"),
                F(row.P90Percent, "0.0"), F(row.WorstPercent, "0.0"), Signed(row.BiasPercent),
                row.CoveragePercent is { } covered ? F(covered, "0") : "–",
                row.MedianWidth is { } width ? F(width, "0.00") : "–", row.Promise?.ToString() ?? "",
                row.Kept switch { true => "kept", false => "missed", null => "" }, row.Published ?? "");
        }
        text.Append(table);
        AddPublished(text, set.Published);
        if (worstPoints > 0)
            AddWorst(text, set.Points, worstPoints);
        text.Append('\n');
    }

    static void AddPublished(StringBuilder text, IReadOnlyList<PublishedError> published)
    {
        foreach (var simulator in published.GroupBy(p => p.Simulator))
        {
            text.Append($"published  {simulator.Key}: ");
            text.Append(string.Join(", ", simulator.Select(
                p => $"{p.Metric} {F(p.MedianPercent, "0.0")} % median of {p.Experiments}")));
            text.Append('\n');
        }
    }

    static void AddWorst(StringBuilder text, IReadOnlyList<ValidationPoint> points, int count)
    {
        foreach (var figure in points.GroupBy(p => (p.Split, p.Figure)))
        {
            text.Append($"worst of {figure.Key.Split}, {figure.Key.Figure}\n");
            var table = new TextTable("error %", "measured", "predicted", "configuration", "run");
            foreach (var point in figure.OrderByDescending(p => p.AbsolutePercent).Take(count))
            {
                table.Add(
                    Signed(point.ErrorPercent), F(point.Measured, "0.###"), F(point.Predicted, "0.###"),
                    point.Configuration, point.Name);
            }
            text.Append(table);
        }
    }

    static string Signed(double value) => F(Math.Round(value, 1), "+0.0;-0.0;0.0");

    static string F(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
