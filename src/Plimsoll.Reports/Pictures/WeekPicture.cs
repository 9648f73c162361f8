using System.Collections.Generic;
using Plimsoll.Reports.Drawing;

namespace Plimsoll.Reports.Pictures;

/// <summary>
/// How full the interactive fleet is over the week, and the idle area that batch work could fill.
/// </summary>
static class WeekPicture
{
    public static Scene Draw(WeekUtilisation week, PictureSize size)
    {
        var frame = new Frame(
            "The week, hour by hour",
            week.Flat
                ? "share of what the fleet carries at its load line; "
                + "the workload states no weekly shape, so hours are alike"
                : "share of what the fleet carries at its load line; the rest is idle "
                + "and could carry batch work",
            size);
        var y = Axis.Linear(100, frame.Bottom, frame.Top);
        double Across(double hour) => frame.Left + hour / 168 * (frame.Right - frame.Left);
        frame.Scene.Rect(frame.Left, y.At(100), frame.Right - frame.Left, frame.Bottom - y.At(100),
            Paint.Solid(Ink.Batch, 0.16));
        frame.Vertical(y, tick => Axis.Label(tick) + " %");
        var area = new List<Spot> { new(frame.Left, frame.Bottom) };
        double used = 0;
        for (var hour = 0; hour < 168; hour++)
        {
            var share = week.Shares[hour % week.Shares.Count];
            used += share / 168;
            area.Add(new Spot(Across(hour), y.At(100 * share)));
            area.Add(new Spot(Across(hour + 1), y.At(100 * share)));
        }
        area.Add(new Spot(frame.Right, frame.Bottom));
        frame.Scene.Path(area, Paint.Solid(Ink.Interactive, 0.85), closed: true);
        for (var day = 0; day < 7; day++)
        {
            frame.Scene.Line(
                Across(24 * day), frame.Top, Across(24 * day), frame.Bottom, Paint.Outline(Ink.Grid));
            frame.Scene.Text(
                Across(24 * day + 12), frame.Bottom + 18, $"day {day + 1}", 12, Ink.Muted, Anchor.Middle);
        }
        frame.Scene.Line(frame.Left, frame.Bottom, frame.Right, frame.Bottom, Paint.Outline(Ink.Muted));
        frame.Scene.Text(
            frame.Left + 10, frame.Bottom - 12, Percent("interactive", used), 13, Ink.Surface, bold: true);
        frame.Scene.Text(frame.Right - 10, frame.Top + 16, Percent("idle", 1 - used), 13, Ink.Batch,
            Anchor.End, bold: true);
        frame.Scene.Height = frame.Bottom + 32;
        return frame.Scene;
    }

    static string Percent(string name, double share) =>
        System.FormattableString.Invariant($"{name} {100 * share:0} %");
}
