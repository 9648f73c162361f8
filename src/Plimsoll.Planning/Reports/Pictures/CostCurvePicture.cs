using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Planning.Reports.Drawing;

namespace Plimsoll.Planning.Reports.Pictures;

/// <summary>What a token costs as one limit is tightened, the other limits left away.</summary>
static class CostCurvePicture
{
    public static Scene Draw(string metric, IReadOnlyList<CostPoint> points, double? promisedMs, double? batchCost)
    {
        var frame = new Frame($"What the {metric} promise costs", "USD per million tokens, interactive, this limit alone; band: 90 % interval of the step times");
        var kept = points.Where(p => p.UsdPerMillionTokens is not null).ToList();
        var x = Axis.Log(points[0].LimitMs, points[^1].LimitMs, frame.Left, frame.Right);
        var most = kept.Count == 0 ? 1 : kept.Max(p => (double)(p.High ?? p.UsdPerMillionTokens!.Value));
        // One steep end must not flatten the rest: the scale stops at six times the cheapest point.
        most = kept.Count == 0 ? 1 : Math.Min(most, 6 * kept.Min(p => (double)p.UsdPerMillionTokens!.Value));
        var y = Axis.Linear(most, frame.Bottom, frame.Top);
        frame.Vertical(y, Frame.Money);
        frame.Horizontal(x, $"{metric} p95 limit, ms");
        if (batchCost is { } batch && y.Holds(batch))
        {
            frame.Scene.Line(frame.Left, y.At(batch), frame.Right, y.At(batch), Paint.Outline(Ink.Batch, 1.5, dashed: true));
            frame.Scene.Text(frame.Right - 4, y.At(batch) - 6, "batch", 12, Ink.Batch, Anchor.End, halo: true);
        }
        Band(frame.Scene, kept, x, y);
        var line = kept.Where(p => y.Holds((double)p.UsdPerMillionTokens!.Value))
            .Select(p => new Spot(x.At(p.LimitMs), y.At((double)p.UsdPerMillionTokens!.Value))).ToList();
        frame.Scene.Path(line, Paint.Outline(Ink.Interactive, 2.5));
        foreach (var p in kept.Where(p => y.Holds((double)p.UsdPerMillionTokens!.Value)))
        {
            frame.Scene.Circle(x.At(p.LimitMs), y.At((double)p.UsdPerMillionTokens!.Value), 3.5, Paint.Solid(Ink.Interactive),
                FormattableString.Invariant($"{metric} p95 {p.LimitMs:0.#} ms: ${p.UsdPerMillionTokens:0.000}"));
        }
        var refused = points.Where(p => p.UsdPerMillionTokens is null).ToList();
        if (refused.Count > 0)
        {
            var edge = kept.Count > 0 ? (x.At(refused[^1].LimitMs) + x.At(kept[0].LimitMs)) / 2 : frame.Right;
            frame.Scene.Rect(frame.Left, frame.Top, edge - frame.Left, frame.Bottom - frame.Top, Paint.Solid(Ink.Idle, 0.14));
            var centred = edge - frame.Left > 110;
            frame.Scene.Text(centred ? (frame.Left + edge) / 2 : frame.Left + 6, frame.Bottom - 12, "cannot be kept", 12, Ink.Muted,
                centred ? Anchor.Middle : Anchor.Start, halo: true);
        }
        if (promisedMs is { } promised && x.Holds(promised))
            frame.LimitAt(x.At(promised), FormattableString.Invariant($"promised: {promised:0.#} ms"));
        return frame.Scene;
    }

    static void Band(Scene scene, List<CostPoint> kept, Axis x, Axis y)
    {
        var banded = kept.Where(p => p.Low is not null && p.High is not null).ToList();
        if (banded.Count < 2)
            return;
        var spots = banded.Select(p => new Spot(x.At(p.LimitMs), y.At((double)p.High!.Value))).ToList();
        for (var i = banded.Count - 1; i >= 0; i--)
            spots.Add(new Spot(x.At(banded[i].LimitMs), y.At((double)banded[i].Low!.Value)));
        scene.Path(spots, Paint.Solid(Ink.Interactive, 0.15), closed: true);
    }
}
