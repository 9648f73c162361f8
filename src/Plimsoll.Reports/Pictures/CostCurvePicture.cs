using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Measures;
using Plimsoll.Reports.Drawing;

namespace Plimsoll.Reports.Pictures;

/// <summary>What a token costs as one limit is tightened, the other limits left away.</summary>
static class CostCurvePicture
{
    public static Scene Draw(CostCurve curve, double? batchCost, PictureSize size)
    {
        var metric = curve.Metric.Name().ToUpperInvariant();
        var percentile = FormattableString.Invariant($"p{curve.Percentile:0.###}");
        var points = curve.Points;
        var frame = new Frame($"What the {metric} promise costs", "USD per million tokens, interactive, this "
            + "limit alone; band: 90 % interval of the step times", size);
        var kept = points.Where(p => p.UsdPerMillionTokens is not null).ToList();
        var x = Axis.Log(points[0].LimitMs, points[^1].LimitMs, frame.Left, frame.Right);
        var y = Axis.Linear(Scale(kept), frame.Bottom, frame.Top);
        frame.Reads(x, "ms", y, "$/M tokens");
        frame.Vertical(y, Frame.Money);
        frame.Horizontal(x, $"{metric} {percentile} limit, ms");
        Refused(frame, points, kept, x, batchCost is { } cost ? y.At(cost) : double.NaN);
        Band(frame.Scene, kept, x, y);
        if (batchCost is { } batch && y.Holds(batch))
        {
            frame.Scene.Line(frame.Left, y.At(batch), frame.Right, y.At(batch),
                Paint.Outline(Ink.Batch, 1.5, dashed: true));
            var below = frame.Bottom - y.At(batch) > 20;
            frame.Scene.Text(frame.Right - 4, y.At(batch) + (below ? 14 : -6), "batch", 12, Ink.Batch,
                Anchor.End, halo: true);
        }
        frame.Curve([.. kept.Select(p => (p.LimitMs, Cost(p)))], x, y, Paint.Outline(Ink.Interactive, 2.5));
        foreach (var p in kept.Where(p => y.Holds(Cost(p))))
        {
            frame.Scene.Circle(x.At(p.LimitMs), y.At(Cost(p)), 3.5, Paint.Solid(Ink.Interactive),
                FormattableString.Invariant(
                    $"{metric} {percentile} {p.LimitMs:0.#} ms: ${p.UsdPerMillionTokens:0.000}"));
        }
        if (curve.PromisedMs is { } promised && x.Holds(promised))
            frame.LimitAt(x.At(promised), FormattableString.Invariant($"promised: {promised:0.#} ms"));
        return frame.Scene;
    }

    static double Cost(CostPoint point) => (double)point.UsdPerMillionTokens!.Value;

    /// <summary>
    /// One steep end must not flatten the rest: the scale stops at six times the cheapest point.
    /// </summary>
    static double Scale(List<CostPoint> kept) => kept.Count == 0
        ? 1
        : Math.Min(kept.Max(p => (double)(p.High ?? p.UsdPerMillionTokens!.Value)), 6 * kept.Min(Cost));

    /// <summary>Limits that no rate keeps, shaded, named clear of the batch line.</summary>
    static void Refused(
        Frame frame, IReadOnlyList<CostPoint> points, List<CostPoint> kept, Axis x, double batchY)
    {
        var refused = points.Where(p => p.UsdPerMillionTokens is null).ToList();
        if (refused.Count == 0)
            return;
        var edge = kept.Count > 0 ? (x.At(refused[^1].LimitMs) + x.At(kept[0].LimitMs)) / 2 : frame.Right;
        frame.Scene.Rect(
            frame.Left, frame.Top, edge - frame.Left, frame.Bottom - frame.Top, Paint.Solid(Ink.Idle, 0.14));
        var wide = edge - frame.Left > 110;
        var y = Math.Abs(frame.Bottom - 16 - batchY) < 18 ? batchY - 10 : frame.Bottom - 12;
        frame.Scene.Text(
            wide ? (frame.Left + edge) / 2 : frame.Left + 6, y, "cannot be kept", 12, Ink.Muted,
            wide ? Anchor.Middle : Anchor.Start, halo: !wide);
    }

    /// <summary>
    /// The interval; open to the top where steps at their slowest keep the limit at no rate.
    /// </summary>
    static void Band(Scene scene, List<CostPoint> kept, Axis x, Axis y)
    {
        var banded = kept.Where(p => p.Low is not null).ToList();
        if (banded.Count < 2)
            return;
        var spots = banded.Select(p => new Spot(x.At(p.LimitMs), y.At((double?)p.High ?? y.High))).ToList();
        for (var i = banded.Count - 1; i >= 0; i--)
            spots.Add(new Spot(x.At(banded[i].LimitMs), y.At((double)banded[i].Low!.Value)));
        scene.Path(spots, Paint.Solid(Ink.Interactive, 0.15), closed: true);
    }
}
