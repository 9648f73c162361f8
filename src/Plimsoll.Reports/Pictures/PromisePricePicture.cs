using System;
using System.Linq;
using Plimsoll.Core.Accounts;
using Plimsoll.Reports.Drawing;

namespace Plimsoll.Reports.Pictures;

/// <summary>Batch tokens of the fleet over the promised gap.</summary>
static class PromisePricePicture
{
    public static Scene Draw(BackfillStatement backfill, PictureSize size)
    {
        var frame = new Frame(
            "The price of the promise",
            "batch tokens per second in the slack, by the gap that is promised; bars: 90 % intervals", size);
        var points = backfill.PriceOfPromise.Where(p => p.IsKept).ToList();
        var x = Axis.Linear(points.Max(p => p.LimitMs), frame.Left, frame.Right);
        var y = Axis.Linear(1.05 * points.Max(p => p.High), frame.Bottom, frame.Top);
        frame.Reads(x, "ms", y, "tokens/s");
        frame.Vertical(y);
        frame.Horizontal(x, "promised time per token or gap, ms");
        var series = Series.OfClass("batch");
        frame.Curve([.. points.Select(p => (p.LimitMs, p.TokensPerSecond))], x, y, series.Line);
        foreach (var point in points)
        {
            Interval(frame.Scene, x.At(point.LimitMs), y.At(point.Low), y.At(point.High));
            frame.Mark(
                x.At(point.LimitMs), y.At(point.TokensPerSecond), series,
                FormattableString.Invariant(
                    $"{point.LimitMs:0.#} ms: {point.TokensPerSecond:#,0} batch tokens/s, ")
                    + FormattableString.Invariant($"90 %: {point.Low:#,0} to {point.High:#,0}"));
        }
        return frame.Scene;
    }

    static void Interval(Scene scene, double x, double low, double high)
    {
        const double Half = 4;
        var paint = Paint.Outline(Ink.Text, 1.5);
        scene.Line(x, low, x, high, paint);
        scene.Line(x - Half, low, x + Half, low, paint);
        scene.Line(x - Half, high, x + Half, high, paint);
    }
}
