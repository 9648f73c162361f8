using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Plimsoll.Reports.Drawing;

namespace Plimsoll.Reports.Pictures;

/// <summary>
/// Milliseconds from a floor to what was achieved: a row a part, each bar beginning where the one above
/// ends.
/// </summary>
public static class GapPicture
{
    const double Width = 460;
    const double RowHeight = 36;
    const double LabelWidth = 110;
    const double NumberWidth = 84;
    const double Margin = 16;
    
    /// <param name="title">What is shown.</param>
    /// <param name="sentence">How to read it.</param>
    /// <param name="parts">The floor first, then what comes on top of it, in milliseconds.</param>
    public static Scene Draw(string title, string sentence, IReadOnlyList<(string Name, double Ms)> parts)
    {
        var scene = new Scene(Width);
        scene.Text(Margin, 24, title, 16, Ink.Text, bold: true);
        var top = scene.Paragraph(Margin, 43, Width - (2 * Margin), sentence, 12, Ink.Muted) + 10;
        var total = parts.Sum(part => part.Ms);
        var axis = Axis.Linear(total, Margin + LabelWidth, Width - Margin - NumberWidth, about: 4);
        var end = top + (parts.Count * RowHeight);
        foreach (var tick in axis.Ticks)
        {
            scene.Line(axis.At(tick), top, axis.At(tick), end + RowHeight, Paint.Outline(Ink.Grid));
            scene.Text(axis.At(tick), end + RowHeight + 16, Number(tick), 11, Ink.Muted, Anchor.Middle);
        }
        Bars(scene, axis, parts, top);
        scene.Line(Margin, end, Width - Margin, end, Paint.Outline(Ink.Muted));
        scene.Text(Margin, end + 22, "achieved", 13, Ink.Text, bold: true);
        scene.Rect(
            axis.At(0), end + 6, Math.Max(1.5, axis.At(total) - axis.At(0)), RowHeight - 12,
            Paint.Solid(Ink.Interactive), $"achieved: {Number(total)} ms", 2);
        scene.Text(
            axis.At(total) + 7, end + 23, $"{Number(total)} ms", 13, Ink.Text, bold: true, halo: true);
        scene.Height = end + RowHeight + 32;
        return scene;
    }

    static void Bars(Scene scene, Axis axis, IReadOnlyList<(string Name, double Ms)> parts, double top)
    {
        var at = 0.0;
        for (var row = 0; row < parts.Count; row++)
        {
            var (name, ms) = parts[row];
            var y = top + (row * RowHeight);
            var ink = row == 0 ? Ink.Idle : row < 3 ? Ink.Batch : Ink.Interactive;
            var (from, to) = (axis.At(at), axis.At(at + ms));
            scene.Text(Margin, y + 22, name, 13, Ink.Text);
            scene.Rect(
                from, y + 8, Math.Max(1.5, to - from), RowHeight - 16, Paint.Solid(ink, 0.85),
                $"{name}: {Number(ms)} ms", 2);
            scene.Line(to, y + RowHeight - 8, to, y + RowHeight + 8, Paint.Outline(Ink.Muted, 1));
            scene.Text(to + 7, y + 22, $"{(row == 0 ? "" : "+")}{Number(ms)}", 12, Ink.Text, halo: true);
            at += ms;
        }
    }

    /// <summary>Three digits.</summary>
    static string Number(double ms) => ms.ToString(
        ms == 0 ? "0" : ms >= 99.95 ? "#,0" : ms >= 9.995 ? "0.0" : ms >= 0.9995 ? "0.00" : "0.000",
        CultureInfo.InvariantCulture);
}
