using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Plimsoll.Reports;

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
