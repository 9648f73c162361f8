using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Plimsoll.Reports.Drawing;

namespace Plimsoll.Reports.Pictures;

/// <summary>From one amount of money to another, one row a driver, with the interval of each.</summary>
public static class ChangePicture
{
    const double RowHeight = 34;
    const double BarHeight = 18;
    const double Margin = 16;
    const double NumberWidth = 82;
    const double Width = 900;

    /// <param name="title">In bold.</param>
    /// <param name="subtitle">Under it.</param>
    /// <param name="from">The first amount and what it is of.</param>
    /// <param name="drivers">Each change, with the ends of its interval where it has them.</param>
    /// <param name="to">The last amount.</param>
    public static Scene Draw(
        string title, string subtitle, (string Name, double Amount) from,
        IReadOnlyList<(string Name, double Change, double? Low, double? High)> drivers,
        (string Name, double Amount) to)
    {
        var scene = new Scene(Width);
        scene.Text(Margin, 24, title, 16, Ink.Text, bold: true);
        var top = scene.Paragraph(Margin, 43, Width - (2 * Margin), subtitle, 12, Ink.Muted) + 12;
        var names = drivers.Select(d => d.Name).Append(from.Name).Append(to.Name);
        var label = names.Max(name => TextMetrics.Width(name, 12)) + 14;
        var (least, most) = Range(from.Amount, drivers, to.Amount);
        var left = Margin + label;
        var scale = (Width - left - NumberWidth - Margin) / (most - least);
        var y = top;
        Row(from.Name, 0, from.Amount, Ink.Batch, null, null);
        var level = from.Amount;
        foreach (var (name, change, low, high) in drivers)
        {
            Row(name, level, level + change, change < 0 ? Ink.Credit : Ink.Limit, level + low, level + high);
            level += change;
        }
        Row(to.Name, 0, to.Amount, Ink.Interactive, null, null);
        scene.Line(X(0), top - 4, X(0), y, Paint.Outline(Ink.Grid));
        scene.Height = y + 14;
        return scene;

        double X(double amount) => left + ((amount - least) * scale);

        void Row(string name, double begin, double end, Ink ink, double? low, double? high)
        {
            scene.Text(Margin, y + 13, name, 12, Ink.Text);
            var (a, b) = (X(Math.Min(begin, end)), X(Math.Max(begin, end)));
            scene.Rect(a, y, Math.Max(1, b - a), BarHeight, Paint.Solid(ink, 0.85), name, 2);
            var right = b;
            if (low is { } lowest && high is { } highest)
            {
                var (l, h) = (X(Math.Max(least, lowest)), X(Math.Min(most, highest)));
                scene.Line(l, y + (BarHeight / 2), h, y + (BarHeight / 2), Paint.Outline(Ink.Text));
                // An end that lies beyond the picture has no tick.
                foreach (var known in new[] { lowest >= least ? l : h, highest <= most ? h : l })
                    scene.Line(known, y + 5, known, y + BarHeight - 5, Paint.Outline(Ink.Text));
                right = Math.Max(b, h);
            }
            scene.Text(right + 6, y + 13, Amount(begin == 0 ? end : end - begin, begin != 0), 12, Ink.Muted);
            y += RowHeight;
        }
    }

    static (double Least, double Most) Range(
        double from, IReadOnlyList<(string Name, double Change, double? Low, double? High)> drivers,
        double to)
    {
        var (least, most, level) = (0.0, Math.Max(from, to), from);
        foreach (var driver in drivers)
        {
            level += driver.Change;
            (least, most) = (Math.Min(least, level), Math.Max(most, level));
        }
        // Intervals wider than what they belong to end at the edge.
        var room = 0.15 * (most - least);
        return (least < 0 ? least - room : least, most + room);
    }

    static string Amount(double usd, bool signed) =>
        usd.ToString(signed ? "+0.000;−0.000" : "$0.000", CultureInfo.InvariantCulture);
}
