using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Measures;
using Plimsoll.Reports.Drawing;

namespace Plimsoll.Reports.Pictures;

/// <summary>Cumulative distribution of one latency, both classes, with the promised limit.</summary>
static class LatencyPicture
{
    public static Scene Draw(
        Metric metric, IReadOnlyList<LatencyDistribution> distributions,
        IReadOnlyList<PromiseStatement> promise, PictureSize size)
    {
        var name = metric.Name().ToUpperInvariant();
        var samples = metric == Metric.Itl ? "gaps" : "requests";
        var frame = new Frame($"{name} of all {samples}", $"share of {samples} at or below; interactive at "
            + $"its load line, batch at its fleet's mean load", size);
        var points = distributions.SelectMany(d => d.Points).Where(p => p.Ms > 0).ToList();
        var limits = promise.Where(p => p.Metric == metric.Name()).ToList();
        var low =
            Math.Min(points.Min(p => p.Ms), limits.Count > 0 ? limits.Min(l => l.LimitMs) : double.MaxValue);
        var high = Math.Max(points.Max(p => p.Ms), limits.Count > 0 ? limits.Max(l => l.LimitMs) : 0);
        var x = Axis.Log(low * 0.95, high * 1.05, frame.Left, frame.Right);
        var y = Axis.Linear(100, frame.Bottom, frame.Top);
        frame.Reads(x, "ms", y, "%");
        frame.Vertical(y, tick => Axis.Label(tick) + " %");
        frame.Horizontal(x, $"{name}, ms");
        var slot = frame.Right - 110 * distributions.Count;
        foreach (var distribution in distributions)
        {
            var series = Series.OfClass(distribution.Class);
            frame.Scene.Path(
                [.. distribution.Points.Where(p => p.Ms > 0)
                    .Select(p => new Spot(x.At(p.Ms), y.At(100 * p.Share)))],
                series.Line);
            frame.Legend(slot, 24, series, distribution.Class);
            slot += 110;
        }
        foreach (var limit in limits)
        {
            frame.LimitAt(
                x.At(limit.LimitMs),
                FormattableString.Invariant($"p{limit.Percentile:0.###} {limit.LimitMs:0.#} ms"),
                below: frame.Bottom - frame.Top - 12);
            var level = y.At(limit.Percentile);
            frame.Scene.Line(
                frame.Left, level, frame.Right, level, Paint.Outline(Ink.Limit, 1, dashed: true));
        }
        return frame.Scene;
    }
}
