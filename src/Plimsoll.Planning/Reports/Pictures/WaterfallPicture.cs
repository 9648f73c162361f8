using System;
using System.Globalization;
using Plimsoll.Planning.Accounts;
using Plimsoll.Planning.Reports.Drawing;

namespace Plimsoll.Planning.Reports.Pictures;

/// <summary>From the physical floor to the bill, one row a step, the classes side by side on one scale.</summary>
static class WaterfallPicture
{
    const double Width = 900;
    const double RowHeight = 34;
    const double LabelWidth = 84;
    const double Gap = 28;

    public static Scene Draw(AccountResult account)
    {
        var classes = account.Classes;
        var scene = new Scene(Width);
        scene.Text(16, 24, "From the physical floor to the bill", 16, Ink.Text, bold: true);
        scene.Text(16, 43, "USD per million tokens; each bar is what one more piece of reality adds", 12, Ink.Muted);
        double scale = 0;
        foreach (var c in classes)
        {
            decimal level = 0;
            foreach (var bar in c.Waterfall)
                scale = Math.Max(scale, (double)(level += bar.UsdPerMillionTokens));
        }
        var panel = (Width - 16 - LabelWidth - 16 - Gap * (classes.Count - 1)) / classes.Count;
        var top = 84.0;
        var rows = classes[0].Waterfall.Count;
        for (var row = 0; row <= rows; row++)
        {
            var y = top + row * RowHeight;
            scene.Text(16, y + 20, row < rows ? classes[0].Waterfall[row].Step : "the bill", 13, Ink.Text, bold: row == rows);
        }
        scene.Line(16, top + rows * RowHeight, Width - 16, top + rows * RowHeight, Paint.Outline(Ink.Muted));
        for (var i = 0; i < classes.Count; i++)
            Panel(scene, classes[i], 16 + LabelWidth + i * (panel + Gap), panel, top, scale);
        scene.Height = top + (rows + 1) * RowHeight + 14;
        return scene;
    }

    static void Panel(Scene scene, ClassAccount account, double left, double width, double top, double scale)
    {
        // The widest label must fit behind the longest bar.
        var axis = Axis.Linear(scale, left, left + width - 62, about: 4);
        var ink = account.Class == "batch" ? Ink.Batch : Ink.Interactive;
        scene.Text(left, top - 10, account.Class, 13, ink, bold: true);
        var bottom = top + (account.Waterfall.Count + 1) * RowHeight;
        foreach (var tick in axis.Ticks)
            scene.Line(axis.At(tick), top, axis.At(tick), bottom, Paint.Outline(Ink.Grid));
        decimal level = 0;
        for (var row = 0; row < account.Waterfall.Count; row++)
        {
            var bar = account.Waterfall[row];
            var y = top + row * RowHeight;
            double from = axis.At((double)level), to = axis.At((double)(level + bar.UsdPerMillionTokens));
            var rise = bar.UsdPerMillionTokens >= 0;
            if (bar.UsdPerMillionTokens != 0)
            {
                scene.Rect(Math.Min(from, to), y + 7, Math.Max(1.5, Math.Abs(to - from)), RowHeight - 14,
                    Paint.Solid(rise ? ink : Ink.Credit, 0.85), $"{account.Class} {bar.Step}: {Label(bar.UsdPerMillionTokens, true)}", 2);
            }
            scene.Line(to, y + RowHeight - 7, to, y + RowHeight + 7, Paint.Outline(Ink.Muted, 1));
            scene.Text(Math.Max(from, to) + 7, y + 21, Label(bar.UsdPerMillionTokens, true), 12,
                bar.UsdPerMillionTokens == 0 ? Ink.Muted : Ink.Text, halo: true);
            level += bar.UsdPerMillionTokens;
        }
        var end = top + account.Waterfall.Count * RowHeight;
        scene.Rect(axis.At(0), end + 5, axis.At((double)level) - axis.At(0), RowHeight - 10, Paint.Solid(ink), $"{account.Class}: {Label(level, false)}", 2);
        scene.Text(axis.At((double)level) + 7, end + 22, Label(level, false), 13, Ink.Text, bold: true, halo: true);
    }

    static string Label(decimal usd, bool signed)
    {
        if (usd == 0)
            return "0";
        var magnitude = Math.Abs(usd);
        var text = "$" + magnitude.ToString(magnitude < 0.1m ? "0.000" : magnitude < 10 ? "0.00" : "0.0", CultureInfo.InvariantCulture);
        return usd < 0 ? "−" + text : signed ? "+" + text : text;
    }
}
