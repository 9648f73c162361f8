using System.Globalization;
using System.Linq;
using System.Text;
using Plimsoll.Planning.Plans;

namespace Plimsoll.Cli.Terminal;

/// <summary>What levers are worth, for a person at a terminal.</summary>
static class LeverText
{
    public static void Write(StringBuilder text, LeverBook book)
    {
        var usd = book.UsdPerMillionTokens.ToString("0.0000", CultureInfo.InvariantCulture);
        text.Append('\n');
        TextLines.Wrap(text, "", "  ", $"Levers on {book.Base}, each alone, of {usd} USD per million tokens, "
            + "nothing rounded and no spares; in brackets 90 %, both fleets under the same draws");
        foreach (var lever in book.Levers)
        {
            var ends = lever.UsdPerMillionTokens is null ? ""
                : $"({Signed(lever.Low) ?? "no bound"} to {Signed(lever.High) ?? "no bound"}) ";
            TextLines.Wrap(
                text, $"  {lever.Name,-20}{Signed(lever.UsdPerMillionTokens) ?? "–",9}  ",
                new string(' ', 33), ends + lever.Change
                    + (lever.BreakEven is { } point ? $"; breaks even at: {point}" : ""));
        }
        if (book.Overlaps.Count > 0)
        {
            text.Append("\nOf which two together save (1.00: each what it saves alone)\n");
            var table = new TextTable("one", "other", "together", "of the sum");
            foreach (var pair in book.Overlaps)
            {
                table.Add(
                    pair.One, pair.Other, Signed(pair.Together)!,
                    pair.OfSum.ToString("0.00", CultureInfo.InvariantCulture));
            }
            text.Append(table);
        }
        if (book.Durability.Count > 0)
            Durability(text, book);
    }

    static void Durability(StringBuilder text, LeverBook book)
    {
        text.Append("\nHow durable: cost without over cost with, by generation and release\n");
        var columns = book.Durability.Select(worth => (worth.Of, worth.Date)).Distinct()
            .OrderBy(column => column.Date, System.StringComparer.Ordinal).ToList();
        var levers = book.Durability.Select(worth => worth.Lever).Distinct().ToList();
        var table = new TextTable(["date", "of", .. levers]);
        foreach (var (of, date) in columns)
        {
            table.Add([date, of, .. levers.Select(lever => book.Durability.FirstOrDefault(worth =>
                worth.Lever == lever && worth.Of == of)?.CostWithoutOverWith is { } ratio
                    ? ratio.ToString("0.00", CultureInfo.InvariantCulture) : "–")]);
        }
        text.Append(table);
    }

    static string? Signed(decimal? usd) =>
        usd?.ToString("+0.0000;-0.0000;0.0000", CultureInfo.InvariantCulture);
}
