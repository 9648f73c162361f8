using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Plimsoll.Reports;
using Plimsoll.Reports.Pictures;

namespace Plimsoll.Planning.Plans;

/// <summary>What levers are worth, as tables of a page.</summary>
static class LeverTables
{
    public static IEnumerable<PageTable> Of(LeverBook book)
    {
        yield return new PageTable(
            FormattableString.Invariant($"Levers on {book.Base}, each alone, of ")
                + FormattableString.Invariant($"${book.UsdPerMillionTokens:0.0000} per million tokens, ")
                + "nothing rounded and no spares",
            ["<lever", "USD/M tokens", "90 %", "<what changes", "<breaks even at"],
            [.. book.Levers.Select(lever => new[]
            {
                "<" + lever.Name, Signed(lever.UsdPerMillionTokens) ?? "–", Ends(lever), "<" + lever.Change,
                "<" + (lever.BreakEven ?? "–"),
            })]);
        if (book.Overlaps.Count > 0)
        {
            yield return new PageTable(
                "Of which two together save; of the sum 1.00: each what it saves alone",
                ["<one", "<other", "together", "of the sum"],
                [.. book.Overlaps.Select(pair => new[]
                {
                    "<" + pair.One, "<" + pair.Other, Signed(pair.Together)!, Ratio(pair.OfSum),
                })]);
        }
        if (book.Durability.Count > 0)
            yield return Durability(book);
    }

    /// <summary>Those whose worth can be told; none where there is none.</summary>
    public static IEnumerable<ReportPicture> Picture(LeverBook book)
    {
        var cost = (double)book.UsdPerMillionTokens;
        var rows = book.Levers.Where(lever => lever.UsdPerMillionTokens is not null && cost > 0)
            .Select(lever => (
                lever.Name, (double)lever.UsdPerMillionTokens!.Value / cost, (double?)lever.Low / cost,
                (double?)lever.High / cost)).ToList();
        if (rows.Count > 0)
        {
            yield return new ReportPicture(
                "levers", "What each lever changes of the bill, alone; their sum means nothing.",
                LeversPicture.Draw(
                    "What each lever is worth",
                    FormattableString.Invariant(
                        $"share of ${cost:0.0000} per million tokens; lines are 90 % intervals, both fleets ")
                        + "under the same draws", rows));
        }
    }

    static PageTable Durability(LeverBook book)
    {
        var levers = book.Durability.Select(worth => worth.Lever).Distinct().ToList();
        return new PageTable(
            "How durable: cost without over cost with, by generation and release",
            ["<date", "<of", .. levers],
            [.. book.Durability.Select(worth => (worth.Of, worth.Date)).Distinct()
                .OrderBy(column => column.Date, StringComparer.Ordinal).Select(column => (string[])
                [
                    "<" + column.Date, "<" + column.Of,
                    .. levers.Select(lever => book.Durability.FirstOrDefault(worth =>
                        worth.Lever == lever && worth.Of == column.Of)?.CostWithoutOverWith is { } ratio
                            ? Ratio(ratio) : "–"),
                ])]);
    }

    static string Ends(LeverRow lever) => lever.UsdPerMillionTokens is null ? "–"
        : $"{Signed(lever.Low) ?? "no bound"} to {Signed(lever.High) ?? "no bound"}";

    static string? Signed(decimal? usd) =>
        usd?.ToString("+0.0000;-0.0000;0.0000", CultureInfo.InvariantCulture);

    static string Ratio(double ratio) => ratio.ToString("0.00", CultureInfo.InvariantCulture);
}
