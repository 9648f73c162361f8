using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Accounts;
using Plimsoll.Reports.Drawing;

namespace Plimsoll.Reports.Pictures;

/// <summary>
/// The week's time by the work that caused it: batch stacked on interactive, the rest idle.
/// </summary>
static class BackfillPicture
{
    public static Scene Draw(BackfillStatement backfill, PictureSize size)
    {
        var week = backfill.Week;
        var frame = new Frame(
            "The week with batch work in it",
            "share of the fleet's time, hour by hour, by the work that caused it; "
            + $"{backfill.Workload} under the policy slack", size);
        var y = Axis.Linear(100, frame.Bottom, frame.Top);
        frame.Vertical(y, tick => Axis.Label(tick) + " %");
        Area(frame, y, hour => Hour(hour).Interactive + Hour(hour).Batch, Ink.Batch, 0.75);
        Area(frame, y, hour => Hour(hour).Interactive, Ink.Interactive, 1);
        for (var day = 0; day < 7; day++)
        {
            var x = Across(frame, 24 * day);
            frame.Scene.Line(x, frame.Top, x, frame.Bottom, Paint.Outline(Ink.Grid));
            frame.Scene.Text(
                Across(frame, 24 * day + 12), frame.Bottom + 18, $"day {day + 1}", 12, Ink.Muted,
                Anchor.Middle);
        }
        frame.Scene.Line(frame.Left, frame.Bottom, frame.Right, frame.Bottom, Paint.Outline(Ink.Muted));
        var (interactive, batch) = (week.Average(h => h.Interactive), week.Average(h => h.Batch));
        frame.Scene.Text(
            frame.Left + 10, frame.Bottom - 12, Percent("interactive", interactive), 13, Ink.Surface,
            bold: true);
        frame.Scene.Text(
            frame.Left + 10, frame.Top + 34, Percent("batch", batch), 13, Ink.Surface, bold: true);
        // Where nothing is idle there is no area to name.
        if (1 - interactive - batch >= 0.005)
        {
            frame.Scene.Text(
                frame.Right - 10, frame.Top + 14, Percent("idle", 1 - interactive - batch), 13, Ink.Text,
                Anchor.End, bold: true, halo: true);
        }
        frame.Scene.Height = frame.Bottom + 32;
        return frame.Scene;

        BackfillHour Hour(int hour) => week[hour % week.Count];
    }

    static void Area(Frame frame, Axis y, Func<int, double> share, Ink ink, double opacity)
    {
        var area = new List<Spot> { new(frame.Left, frame.Bottom) };
        for (var hour = 0; hour < 168; hour++)
        {
            area.Add(new Spot(Across(frame, hour), y.At(100 * share(hour))));
            area.Add(new Spot(Across(frame, hour + 1), y.At(100 * share(hour))));
        }
        area.Add(new Spot(frame.Right, frame.Bottom));
        frame.Scene.Path(area, Paint.Solid(ink, opacity), closed: true);
    }

    static double Across(Frame frame, double hour) => frame.Left + hour / 168 * (frame.Right - frame.Left);

    static string Percent(string name, double share) =>
        FormattableString.Invariant($"{name} {100 * share:0} %");
}
