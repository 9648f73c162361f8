using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Plimsoll.Reports.Drawing;

namespace Plimsoll.Reports.Pictures;

/// <summary>Rows by columns of amounts of money, the least of every column marked.</summary>
public static class MapPicture
{
    const double RowHeight = 26;
    const double CellWidth = 84;
    const double Margin = 16;

    /// <param name="title">In bold.</param>
    /// <param name="subtitle">Under it.</param>
    /// <param name="columns">Their heads.</param>
    /// <param name="rows">Names and amounts; null where there is none.</param>
    public static Scene Draw(
        string title, string subtitle, IReadOnlyList<string> columns,
        IReadOnlyList<(string Name, IReadOnlyList<double?> Amounts)> rows)
    {
        var label = rows.Max(row => TextMetrics.Width(row.Name, 12)) + 14;
        var scene = new Scene(Math.Max((double)PictureSize.Half, 2 * Margin + label
            + CellWidth * columns.Count));
        scene.Text(Margin, 24, title, 16, Ink.Text, bold: true);
        var top = scene.Paragraph(Margin, 43, scene.Width - 2 * Margin, subtitle, 12, Ink.Muted) + 22;
        var width = (scene.Width - 2 * Margin - label) / columns.Count;
        for (var column = 0; column < columns.Count; column++)
        {
            var middle = Margin + label + (column + 0.5) * width;
            scene.Text(middle, top - 8, columns[column], 12, Ink.Muted, Anchor.Middle);
        }
        for (var row = 0; row < rows.Count; row++)
        {
            var y = top + row * RowHeight;
            scene.Line(Margin, y, scene.Width - Margin, y, Paint.Outline(Ink.Grid));
            scene.Text(Margin, y + 17, rows[row].Name, 12, Ink.Text);
            for (var column = 0; column < columns.Count; column++)
                Cell(scene, rows, row, column, Margin + label + column * width, y, width);
        }
        scene.Height = top + rows.Count * RowHeight + 14;
        return scene;
    }

    static void Cell(
        Scene scene, IReadOnlyList<(string Name, IReadOnlyList<double?> Amounts)> rows, int row, int column,
        double x, double y, double width)
    {
        var amount = rows[row].Amounts[column];
        var least = rows.Min(r => r.Amounts[column] ?? double.PositiveInfinity);
        var wins = amount is { } own && own <= least;
        if (wins)
        {
            scene.Rect(x + 3, y + 2, width - 6, RowHeight - 4, Paint.Solid(Ink.Credit, 0.22), rows[row].Name,
                3);
        }
        scene.Text(
            x + width / 2, y + 17, amount is { } usd ? Amount(usd) : "–", 12, wins ? Ink.Text : Ink.Muted,
            Anchor.Middle, bold: wins);
    }

    static string Amount(double usd) => "$" + usd.ToString(
        usd < 1 ? "0.000" : usd < 10 ? "0.00" : usd < 100 ? "0.0" : "#,0", CultureInfo.InvariantCulture);
}
