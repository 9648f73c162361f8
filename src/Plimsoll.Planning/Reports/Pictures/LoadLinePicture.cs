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
        var frame = new Frame("The load line", "p95 latency as a share of its limit, one replica, by rate; above 1 the promise is broken", wide: true);
        var x = Axis.Linear(sweep.Points.Max(p => p.RequestsPerSecond), frame.Left, frame.Right, about: 8);
        var y = Axis.Linear(Most, frame.Bottom, frame.Top);
        frame.Vertical(y);
        frame.Horizontal(x, "requests per second and replica");
        var mark = x.At(sweep.LoadLineRequestsPerSecond);
        frame.Scene.Rect(mark, frame.Top, frame.Right - mark, frame.Bottom - frame.Top, Paint.Solid(Ink.Limit, 0.07));
        frame.LevelAt(y.At(1), "limit");
        Curve(frame, sweep, "ttft", p => p.TtftP95Ms, Ink.Interactive, x, y);
        Curve(frame, sweep, "tpot", p => p.TpotP95Ms, Ink.Credit, x, y);
        Mark(frame, mark, sweep.LoadLineRequestsPerSecond);
        return frame.Scene;
    }

    static void Curve(
        Frame frame, LoadSweep sweep, string metric, Func<LoadSweepPoint, double?> value, Ink ink, Axis x, Axis y)
    {
        var scene = frame.Scene;
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
        scene.Line(frame.Left + 14, frame.Top + slot - 4, frame.Left + 36, frame.Top + slot - 4, Paint.Outline(ink, 2.5));
        scene.Text(frame.Left + 42, frame.Top + slot, label, 12, Ink.Text, halo: true);
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
            right ? x + 30 : x - 30, middle + 5, text, 13, Ink.Text, right ? Anchor.Start : Anchor.End, bold: true,
            halo: true);
    }
}
