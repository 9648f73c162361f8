using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Reports.Drawing;

namespace Plimsoll.Reports.Pictures;

/// <summary>
/// Bars that each begin where the last ended, and their sum: the way from a bound to a bill.
/// </summary>
public static class StepsPicture
{
    const double Row = 34;
    const double Label = 92;

    public static Scene Draw(string title, string subtitle, IReadOnlyList<(string Name, double Usd)> steps)
    {
        var frame = new Frame(title, subtitle, height: Row * (steps.Count + 1));
        double level = 0, most = 0, least = 0;
        foreach (var (_, usd) in steps)
        {
            level += usd;
            (most, least) = (Math.Max(most, level), Math.Min(least, level));
        }
        var x = Axis.Linear(Math.Max(most, 1e-9), frame.Left + Label - 40, frame.Right - 64);
        frame.Horizontal(x, "USD per million tokens", Frame.Money);
        level = 0;
        for (var i = 0; i <= steps.Count; i++)
        {
            var total = i == steps.Count;
            var (name, from, to) = total
                ? ("the bill", 0.0, steps.Sum(step => step.Usd))
                : (steps[i].Name, level, level + steps[i].Usd);
            level = to;
            var y = frame.Top + Row * i + 6;
            var ink = total ? Ink.Text : to < from ? Ink.Credit : i == 0 ? Ink.Idle : Ink.Interactive;
            var (left, right) = (x.At(Math.Min(from, to)), x.At(Math.Max(from, to)));
            frame.Scene.Rect(left, y, Math.Max(1, right - left), Row - 12, Paint.Solid(ink, 0.9));
            frame.Scene.Text(16, y + 16, name, 13, Ink.Text, bold: total);
            frame.Scene.Text(right + 6, y + 16, Usd(total ? to : to - from, signed: !total), 12, Ink.Muted);
        }
        return frame.Scene;
    }

    static string Usd(double usd, bool signed) =>
        (usd < 0 ? "−" : signed ? "+" : "") + Frame.Money(Math.Abs(usd));
}
