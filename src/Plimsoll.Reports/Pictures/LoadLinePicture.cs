using System;
using System.Linq;
using Plimsoll.Reports.Drawing;

namespace Plimsoll.Reports.Pictures;

/// <summary>
/// Each limited latency over its limit as one replica is loaded, and the mark where one is broken.
/// </summary>
static class LoadLinePicture
{
    const double Most = 2.5;

    public static Scene Draw(LoadSweep sweep, PictureSize size)
    {
        var frame = new Frame("The load line", "each latency as a share of its limit, one replica, by rate; "
            + "above 1 the promise is broken; grey: 90 % interval of the load line", size);
        var x = Axis.Linear(
            sweep.Points.Max(p => p.RequestsPerSecond), frame.Left, frame.Right,
            about: size == PictureSize.Wide ? 8 : 4);
        var y = Axis.Linear(Most, frame.Bottom, frame.Top);
        frame.Reads(x, "requests/s", y, "× the limit");
        frame.Vertical(y, share => FormattableString.Invariant($"{share:0.0} ×"));
        frame.Horizontal(x, "requests per second and replica");
        var mark = x.At(sweep.LoadLineRequestsPerSecond);
        frame.Scene.Rect(
            mark, frame.Top, frame.Right - mark, frame.Bottom - frame.Top, Paint.Solid(Ink.Limit, 0.07));
        var (low, high) = (x.At(sweep.LowRequestsPerSecond), x.At(sweep.HighRequestsPerSecond));
        frame.Scene.Rect(
            low, frame.Top, high - low, frame.Bottom - frame.Top, Paint.Solid(Ink.Idle, 0.16),
            FormattableString.Invariant(
                $"90 %: {sweep.LowRequestsPerSecond:0.00} to {sweep.HighRequestsPerSecond:0.00} requests/s"));
        frame.LevelAt(y.At(1), "limit");
        for (var limit = 0; limit < sweep.Limits.Count; limit++)
            Curve(frame, sweep, limit, x, y);
        Mark(frame, mark, sweep.LoadLineRequestsPerSecond);
        return frame.Scene;
    }

    static void Curve(Frame frame, LoadSweep sweep, int index, Axis x, Axis y)
    {
        var limit = sweep.Limits[index];
        var series = Series.Number(index);
        var name = FormattableString.Invariant($"{limit.Metric} p{limit.Percentile:0.###}");
        var points = sweep.Points.Where(p => p.MeasuredMs[index] is not null)
            .Select(p => (X: p.RequestsPerSecond, Y: p.MeasuredMs[index]!.Value / limit.LimitMs)).ToList();
        frame.Curve(points, x, y, series.Line);
        foreach (var p in points.Where(p => p.Y <= Most))
        {
            frame.Mark(x.At(p.X), y.At(p.Y), series,
                FormattableString.Invariant(
                    $"{p.X:0.00} requests/s: {name} {p.Y * limit.LimitMs:0.#} ms of {limit.LimitMs:0.#} ms"));
        }
        frame.Legend(frame.Left + 14, frame.Top + 18 + 18 * index, series,
            FormattableString.Invariant($"{name}, limit {limit.LimitMs:0.#} ms"));
    }

    /// <summary>The mark on a ship's hull: a ring with a bar through it.</summary>
    static void Mark(Frame frame, double x, double rate)
    {
        var scene = frame.Scene;
        scene.Line(x, frame.Top, x, frame.Bottom, Paint.Outline(Ink.Text, 2));
        var middle = frame.Bottom - 46;
        scene.Circle(x, middle, 13, Paint.Solid(Ink.Surface));
        scene.Circle(x, middle, 13, Paint.Outline(Ink.Text, 2));
        scene.Line(x - 24, middle, x + 24, middle, Paint.Outline(Ink.Text, 2));
        var text = FormattableString.Invariant($"load line {rate:0.00}/s");
        var right = x + 32 + TextMetrics.Width(text, 13, bold: true) < frame.Right;
        scene.Text(
            right ? x + 30
            : x - 30, middle + 5, text, 13, Ink.Text, right ? Anchor.Start : Anchor.End, bold: true,
            halo: true);
    }
}
