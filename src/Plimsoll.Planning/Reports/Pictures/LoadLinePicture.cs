using System;
using System.Linq;
using Plimsoll.Planning.Reports.Drawing;

namespace Plimsoll.Planning.Reports.Pictures;

/// <summary>Each limited latency over its limit as one replica is loaded, and the mark where one is broken.</summary>
static class LoadLinePicture
{
    const double Most = 2.5;

    public static Scene Draw(LoadSweep sweep)
    {
        var frame = new Frame("The load line", "p95 latency as a share of its limit, one replica, by rate; above 1 the promise is broken");
        var x = Axis.Linear(sweep.Points.Max(p => p.RequestsPerSecond), Frame.Left, Frame.Right, about: 8);
        var y = Axis.Linear(Most, Frame.Bottom, Frame.Top);
        frame.Vertical(y);
        frame.Horizontal(x, "requests per second and replica");
        var mark = x.At(sweep.LoadLineRequestsPerSecond);
        frame.Scene.Rect(mark, Frame.Top, Frame.Right - mark, Frame.Bottom - Frame.Top, Paint.Solid(Ink.Limit, 0.07));
        frame.LevelAt(y.At(1), "limit");
        Curve(frame.Scene, sweep, "ttft", p => p.TtftP95Ms, Ink.Interactive, x, y);
        Curve(frame.Scene, sweep, "tpot", p => p.TpotP95Ms, Ink.Credit, x, y);
        Mark(frame.Scene, mark, sweep.LoadLineRequestsPerSecond);
        return frame.Scene;
    }

    static void Curve(
        Scene scene, LoadSweep sweep, string metric, Func<LoadSweepPoint, double?> value, Ink ink, Axis x, Axis y)
    {
        var limit = sweep.Limits.FirstOrDefault(l => l.Metric == metric);
        if (limit is null)
            return;
        var points = sweep.Points.Where(p => value(p) is not null).ToList();
        var spots = points.Select(p => new Spot(x.At(p.RequestsPerSecond), y.At(value(p)!.Value / limit.LimitMs))).ToList();
        if (spots.Count == 0)
            return;
        scene.Path(spots, Paint.Outline(ink, 2.5));
        foreach (var p in points.Where(p => value(p)!.Value / limit.LimitMs <= Most))
        {
            scene.Circle(x.At(p.RequestsPerSecond), y.At(value(p)!.Value / limit.LimitMs), 3, Paint.Solid(ink),
                FormattableString.Invariant($"{p.RequestsPerSecond:0.00} requests/s: {metric} p95 {value(p):0.#} ms of {limit.LimitMs:0.#} ms"));
        }
        var label = FormattableString.Invariant($"{metric} p95, limit {limit.LimitMs:0.#} ms");
        var slot = metric == "ttft" ? 18 : 36;
        scene.Line(Frame.Left + 14, Frame.Top + slot - 4, Frame.Left + 36, Frame.Top + slot - 4, Paint.Outline(ink, 2.5));
        scene.Text(Frame.Left + 42, Frame.Top + slot, label, 12, Ink.Text, halo: true);
    }

    /// <summary>The mark on a ship's hull: a ring with a bar through it.</summary>
    static void Mark(Scene scene, double x, double rate)
    {
        scene.Line(x, Frame.Top, x, Frame.Bottom, Paint.Outline(Ink.Text, 2));
        var middle = Frame.Bottom - 46;
        scene.Circle(x, middle, 13, Paint.Solid(Ink.Surface));
        scene.Circle(x, middle, 13, Paint.Outline(Ink.Text, 2));
        scene.Line(x - 24, middle, x + 24, middle, Paint.Outline(Ink.Text, 2));
        var text = FormattableString.Invariant($"load line {rate:0.00}/s");
        var right = x + 32 + TextMetrics.Width(text, 13, bold: true) < Frame.Right;
        scene.Text(right ? x + 30 : x - 30, middle + 5, text, 13, Ink.Text, right ? Anchor.Start : Anchor.End, bold: true, halo: true);
    }
}
