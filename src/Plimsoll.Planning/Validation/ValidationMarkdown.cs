using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Plimsoll.Planning.Validation.Analytic;

namespace Plimsoll.Planning.Validation;

/// <summary>The validation as the page <c>docs/validation.md</c>.</summary>
static class ValidationMarkdown
{
    const string Introduction = """
        # Validation

        `plimsoll validate` printed this page (`make validation` writes it again; a test fails when any median
        worsens by more than a tenth). Splits are by configuration, never by row. Errors are absolute percent of the
        measured figure over the points of a split; *bias* is the median signed error, positive when predictions are
        high; *within 90 %* is the share of measurements inside the stated 90 % interval, which should be 85 to 95.

        """;

    public static string Of(ValidationReport report)
    {
        var text = new StringBuilder(Introduction).Append('\n');
        Summarise(text, report.Sets);
        AddAnalytic(text, report.Analytic);
        foreach (var set in report.Sets)
            AddSet(text, set);
        return text.ToString();
    }

    static void Summarise(StringBuilder text, IReadOnlyList<SetReport> sets)
    {
        text.Append("## What is promised\n\n");
        text.Append(
            "| set | split | figure | promised | reached | best published |\n|---|---|---|---|---|---|\n");
        foreach (var set in sets)
        {
            foreach (var row in set.Rows)
            {
                if (row.Promise is not { } promise)
                    continue;
                text.Append($"| {set.Name} | {row.Split} | {row.Figure} | {promise} | ");
                text.Append($"{F(promise.Reached(row))} %{(row.Kept == true ? "" : " **missed**")} | "
                    + $"{row.Published ?? "none"} |\n");
            }
        }
        text.Append('\n');
    }

    static void AddAnalytic(StringBuilder text, IReadOnlyList<AnalyticCheck> checks)
    {
        text.Append("## Theory\n\nThe simulator as a queue whose waits are theorems, and the memory "
            + "bandwidth that no ");
        text.Append(
            "decode outruns. An engine whose every step takes the same time is that queue: `max_num_seqs` ");
        text.Append("is its number of servers, answer lengths are its service times. A "
            + "figure may lie three standard ");
        text.Append("errors from theory.\n\n");
        text.Append("| check | theory | simulated | standard error | z | simulated as "
            + "|\n|---|---|---|---|---|---|\n");
        foreach (var check in checks)
        {
            text.Append($"| {check.Name} | {F(check.Theory, "0.000")} {check.Unit} | "
                + $"{F(check.Measured, "0.000")} {check.Unit} | ");
            text.Append($"{(check.StandardError > 0 ? F(check.StandardError, "0.000") : "–")} | ");
            text.Append($"{(check.Z is { } z ? Signed(z) : "–")}{(check.Holds ? "" : " **missed**")} | "
                + $"{check.Setup} |\n");
        }
        text.Append('\n');
    }

    static void AddSet(StringBuilder text, SetReport set)
    {
        text.Append($"## {set.Title}\n\nSet `{set.Name}`, from `{set.Source}`.\n\n");
        text.Append($"- Fitted: {set.Fitted}.\n- Held out: {set.HeldOut}.\n");
        foreach (var assumption in set.Assumed)
            text.Append($"- Assumed: {assumption}.\n");
        foreach (var (reason, count) in set.Dropped)
            text.Append(CultureInfo.InvariantCulture, $"- Left out, {count:N0}: {reason}.\n");
        text.Append("\n| split | figure | points | median % | p90 % | worst % | bias % "
            + "| within 90 % | width |\n");
        text.Append("|---|---|--:|--:|--:|--:|--:|--:|--:|\n");
        foreach (var row in set.Rows)
        {
            text.Append($"| {row.Split} | {row.Figure} | {row.Points} | {F(row.MedianPercent)} | "
                + $"{F(row.P90Percent)} | ");
            text.Append($"{F(row.WorstPercent)} | {Signed(row.BiasPercent)} | ");
            text.Append($"{(row.CoveragePercent is { } covered ? F(covered, "0") : "–")} | "
                + $"{(row.MedianWidth is { } width ? F(width, "0.00") : "–")} |\n");
        }
        text.Append('\n');
        AddPublished(text, set.Published);
        foreach (var picture in ValidationPictures.Of(set))
            text.Append($"![{picture.Sentence}](images/{picture.Name}.svg)\n\n");
    }

    static void AddPublished(StringBuilder text, IReadOnlyList<PublishedError> published)
    {
        if (published.Count == 0)
            return;
        text.Append("Published for other simulators on such experiments "
            + "(inference-sim/sim-to-real-accuracy-validation):\n\n");
        text.Append("| simulator | metric | experiments | median % | p90 % |\n|---|---|--:|--:|--:|\n");
        foreach (var error in published)
        {
            text.Append(
                $"| {error.Simulator} | {error.Metric} | {error.Experiments} | {F(error.MedianPercent)} | ");
            text.Append($"{F(error.P90Percent)} |\n");
        }
        text.Append('\n');
    }

    static string Signed(double value) => F(Math.Round(value, 1), "+0.0;−0.0;0.0");

    static string F(double value, string format = "0.0") =>
        value.ToString(format, CultureInfo.InvariantCulture);
}
