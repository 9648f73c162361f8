using System;
using System.Collections.Generic;
using System.Text;

namespace Plimsoll.Cli.Terminal;

/// <summary>Plain aligned columns, two spaces apart: numbers right, text left, nothing wrapped.</summary>
sealed class TextTable(params string[] headers)
{
    readonly List<string[]> _rows = [];

    public void Add(params string[] cells) => _rows.Add(cells);

    public override string ToString()
    {
        var widths = new int[headers.Length];
        var numeric = new bool[headers.Length];
        for (var column = 0; column < headers.Length; column++)
        {
            widths[column] = headers[column].Length;
            numeric[column] = _rows.Count > 0;
            foreach (var row in _rows)
            {
                widths[column] = Math.Max(widths[column], row[column].Length);
                numeric[column] &= row[column] is "" or "–" || IsNumber(row[column]);
            }
        }
        var text = new StringBuilder();
        Append(text, headers, widths, numeric);
        foreach (var row in _rows)
            Append(text, row, widths, numeric);
        return text.ToString();
    }

    static bool IsNumber(string cell) =>
        char.IsAsciiDigit(cell[0])
        || (cell[0] is '+' or '-' && cell.Length > 1 && char.IsAsciiDigit(cell[1]));

    static void Append(StringBuilder text, string[] cells, int[] widths, bool[] numeric)
    {
        for (var column = 0; column < cells.Length; column++)
        {
            var cell = numeric[column]
                ? cells[column].PadLeft(widths[column]) : cells[column].PadRight(widths[column]);
            text.Append(cell).Append("  ");
        }
        while (text[^1] == ' ')
            text.Length--;
        text.Append('\n');
    }
}
