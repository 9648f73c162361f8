using System;
using System.Globalization;
using System.Linq;
using System.Text;
using Plimsoll.Bench.Money;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Search;
using Plimsoll.Bench.Text;

namespace Plimsoll.Cli.Terminal;

/// <summary>A run's load line and money for a person at a terminal.</summary>
static class MoneyText
{
    public static string Of(LoadLineEstimate line, BenchResult result, MoneyReport? money)
    {
        var text = new StringBuilder("\n");
        TextLines.Wrap(text, "", "  ", LineWords.Found(line, result));
        if (money?.UsdPerMillionTokensAtLine is { } usd)
        {
            text.Append(CultureInfo.InvariantCulture, $"USD / M tokens at the load line {usd.Value:0.0000}");
            if (usd is { Low: { } low, High: { } high })
                text.Append(CultureInfo.InvariantCulture, $" ({low:0.0000} – {high:0.0000}, 95 %)");
            text.Append('\n');
        }
        return text.ToString();
    }

    public static string Of(MoneyReport money, bool searched = false)
    {
        var culture = CultureInfo.InvariantCulture;
        var text = new StringBuilder();
        text.Append(culture, $"\n{money.Count} × {money.Gpu} at {MoneyWords.Price(money)}; ");
        text.Append("dollars over prompt and output tokens alike, intervals of 90 %\n");
        if (searched)
            text.Append("of all rates that the search tried, one with another\n");
        Estimate(text, "USD / M tokens, all", money.UsdPerMillionTokens);
        Estimate(text, "USD / M tokens at the promise", money.UsdPerMillionGoodTokens);
        if (money.UsdPerRequest is { } request)
            text.Append(culture, $"USD / request                  {request:0.000000}\n");
        var busy = MoneyWords.Busy(money)["busy ".Length..];
        text.Append($"busy                           {busy}\n");
        if (money.Gap.Count == 0)
            return text.ToString();
        text.Append("\nFrom the bound to the bill, USD per million tokens\n");
        TextLines.Wrap(text, "  ", "  ", MoneyWords.Steps(money));
        var width = Math.Max(9, money.Gap.Max(bar => bar.Name.Length));
        foreach (var bar in money.Gap)
        {
            text.Append(culture, $"  {bar.Name.PadRight(width)} "
                + $"{bar.UsdPerMillionTokens,9:+0.0000;-0.0000;+0.0000}  {bar.Means}\n");
        }
        return text.ToString();
    }

    public static string Of(AccountComparison against)
    {
        var table = new TextTable("figure", "predicted", "90 % low", "high", "realised", "ratio");
        foreach (var figure in against.Figures)
        {
            table.Add(
                figure.Name, ResultDiff.Text(figure.Predicted), ResultDiff.Text(figure.Low),
                ResultDiff.Text(figure.High), ResultDiff.Text(figure.Realised),
                ResultDiff.Text(figure.Ratio) + (figure.IsOff ? " off" : ""));
        }
        var text = new StringBuilder("\n").Append(table);
        foreach (var line in against.Off)
            TextLines.Wrap(text, "off: ", "     ", line);
        return text.ToString();
    }

    static void Estimate(StringBuilder text, string name, Estimate? estimate)
    {
        if (estimate is not { } known)
            return;
        text.Append(CultureInfo.InvariantCulture, $"{name,-30} {known.Value:0.0000}");
        text.Append(known.Low is { } low
            ? string.Create(CultureInfo.InvariantCulture, $" ({low:0.0000} – {Open(known.High)})\n")
            : " (too short for an interval)\n");
    }

    static string Open(double? high) =>
        high?.ToString("0.0000", CultureInfo.InvariantCulture) ?? "no bound: the run was too uneven";
}
