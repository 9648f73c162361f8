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
            "The price of the promise", "batch tokens per second in the slack, by the gap that is promised",
            size);
        var points = backfill.PriceOfPromise.Where(p => p.IsKept)
            .Select(p => (X: p.LimitMs, Y: p.TokensPerSecond)).ToList();
        var x = Axis.Linear(points.Max(p => p.X), frame.Left, frame.Right);
        var y = Axis.Linear(1.05 * points.Max(p => p.Y), frame.Bottom, frame.Top);
        frame.Reads(x, "ms", y, "tokens/s");
        frame.Vertical(y);
        frame.Horizontal(x, "promised time per token or gap, ms");
        var series = Series.OfClass("batch");
        frame.Curve(points, x, y, series.Line);
        foreach (var (limit, tokens) in points)
        {
            frame.Mark(
                x.At(limit), y.At(tokens), series,
                FormattableString.Invariant($"{limit:0.#} ms: {tokens:#,0} batch tokens/s"));
        }
        return frame.Scene;
    }
}
