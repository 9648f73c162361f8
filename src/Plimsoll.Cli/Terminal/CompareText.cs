using System;
using System.Globalization;
using System.Text;
using Plimsoll.Planning.Compare;

namespace Plimsoll.Cli.Terminal;

/// <summary>A comparison for a person at a terminal.</summary>
static class CompareText
{
    public static string Of(CompareDocument document)
    {
        var text = new StringBuilder();
        Side(text, "from", document.From);
        Side(text, "to", document.To);
        var change = document.Change;
        text.Append('\n').Append(CultureInfo.InvariantCulture,
            $"{Signed(change.UsdPerMillionTokens)} USD per million tokens, {document.Class}: ");
        text.Append(CultureInfo.InvariantCulture, $"{change.Ratio:0.000} times");
        text.Append(change.RatioHigh is { } high
            ? FormattableString.Invariant($" ({change.RatioLow:0.00} to {high:0.00})\n\n")
            : FormattableString.Invariant($" (at least {change.RatioLow:0.00})\n\n"));
        var table = new TextTable("driver", "from", "to", "USD/M tokens", "90 % interval", "in this order");
        foreach (var driver in document.Drivers)
        {
            table.Add(
                driver.Name, driver.From, driver.To, Signed(driver.UsdPerMillionTokens),
                $"{Signed(driver.Low)} to {Signed(driver.High)}", Signed(driver.InThisOrder));
        }
        text.Append(table);
        TextLines.Wrap(
            text, "\n", "  ",
            $"Shapley values over {document.Simulated} simulated combinations; they sum to the change. "
            + "'In this order' is what each adds when they change from top to bottom. Fleets are fractions "
            + "of replicas without spares; one card errs alike on both sides, two independently.");
        foreach (var note in document.Notes)
            TextLines.Wrap(text, "", "  ", note + ".");
        return text.ToString();
    }

    static void Side(StringBuilder text, string name, CompareSide side)
    {
        var degrees = side.Ep > 1
            ? $"tp {side.Tp}, ep {side.Ep}, dp {side.Dp}"
            : $"tp {side.Tp}, pp {side.Pp}";
        TextLines.Wrap(
            text, $"{name,-6}", "      ", $"{side.Model} {side.Weights}/{side.Kv} on {side.Gpu} ({degrees}), "
            + $"{side.Engine}; {side.Workload}; "
            + (side.Promise.Count > 0 ? string.Join(", ", side.Promise) : "no promise") + "; "
            + FormattableString.Invariant($"${side.UsdPerGpuHour:0.00##} an hour")
            + (side.PriceAsOf is { } day ? $" ({day})" : ""));
        var usd = FormattableString.Invariant($"{side.UsdPerMillionTokens:0.0000}");
        text.Append($"      {usd} USD per million tokens ");
        text.Append(side.High is { } high
            ? FormattableString.Invariant($"({side.Low:0.000} to {high:0.000}), tier {side.Tier}\n")
            : FormattableString.Invariant($"(at least {side.Low:0.000}), tier {side.Tier}\n"));
    }

    static string Signed(decimal? usd) =>
        usd?.ToString("+0.0000;-0.0000;0.0000", CultureInfo.InvariantCulture) ?? "no bound";
}
