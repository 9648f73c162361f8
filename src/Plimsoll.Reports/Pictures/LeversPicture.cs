using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Plimsoll.Reports.Drawing;

namespace Plimsoll.Reports.Pictures;

/// <summary>What each of several changes adds to a bill or saves of it, with its interval.</summary>
public static class LeversPicture
{
    const double RowHeight = 26;
    const double BarHeight = 14;
    const double Margin = 16;
    const double NumberWidth = 64;
    const double Width = 900;

    /// <summary>Widest that is drawn, over the greatest saving.</summary>
    const double Tallest = 1.3;

    /// <param name="title">In bold.</param>
    /// <param name="subtitle">Under it.</param>
    /// <param name="rows">Change of the bill as a share of it, −0.2 saves a fifth; ends of its interval, null
    /// without a bound.</param>
    public static Scene Draw(
        string title, string subtitle,
        IReadOnlyList<(string Name, double Change, double? Low, double? High)> rows)
    {
        var scene = new Scene(Width);
        scene.Text(Margin, 24, title, 16, Ink.Text, bold: true);
        var top = scene.Paragraph(Margin, 43, Width - (2 * Margin), subtitle, 12, Ink.Muted) + 14;
        var label = rows.Max(row => TextMetrics.Width(row.Name, 12)) + 14;
        var reach = Tallest * Math.Max(0.01, rows.Max(row => Math.Abs(row.Change)));
        var (left, right) = (Margin + label + NumberWidth, Width - Margin - NumberWidth);
        double X(double share) =>
            left + ((Math.Clamp(share, -reach, reach) + reach) / (2 * reach) * (right - left));
        var y = top;
        foreach (var (name, change, low, high) in rows)
        {
            scene.Text(Margin, y + 12, name, 12, Ink.Text);
            var (a, b) = (X(Math.Min(0, change)), X(Math.Max(0, change)));
            var ink = change < 0 ? Ink.Credit : Ink.Limit;
            scene.Rect(a, y + 1, Math.Max(1, b - a), BarHeight, Paint.Solid(ink, 0.85), name, 2);
            var (l, h) = (X(low ?? -reach), X(high ?? reach));
            scene.Line(l, y + 8, h, y + 8, Paint.Outline(Ink.Text));
            // An end that lies beyond the picture has no tick.
            if (low >= -reach)
                scene.Line(l, y + 4, l, y + 12, Paint.Outline(Ink.Text));
            if (high <= reach)
                scene.Line(h, y + 4, h, y + 12, Paint.Outline(Ink.Text));
            var text = (100 * change).ToString("+0.#;−0.#;0", CultureInfo.InvariantCulture) + " %";
            if (change < 0)
                scene.Text(Math.Min(a, l) - 6, y + 12, text, 12, Ink.Muted, Anchor.End, halo: true);
            else
                scene.Text(Math.Max(b, h) + 6, y + 12, text, 12, Ink.Muted, halo: true);
            y += RowHeight;
        }
        scene.Line(X(0), top - 4, X(0), y, Paint.Outline(Ink.Grid));
        scene.Height = y + 12;
        return scene;
    }
}
