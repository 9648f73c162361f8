using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Reports.Drawing;

namespace Plimsoll.Reports.Pictures;

/// <summary>What an accelerator makes against how fast each user is served, from idle to full.</summary>
static class InteractivityPicture
{
    public static Scene Draw(
        IReadOnlyList<InteractivityPoint> points, double? promised, double loadLine, PictureSize size)
    {
        var frame = new Frame(
            "Throughput against interactivity",
            "output tokens/s per accelerator, by tokens/s that a user sees (1 ÷ mean "
            + "TPOT); each point is a rate",
            size);
        var high = Math.Max(points.Max(p => p.TokensPerSecondAndUser), promised ?? 0);
        var x = Axis.Linear(high, frame.Left, frame.Right, about: size == PictureSize.Phone ? 4 : 6);
        var y = Axis.Linear(points.Max(p => p.TokensPerSecondAndAccelerator), frame.Bottom, frame.Top);
        frame.Reads(x, "tokens/s per user", y, "tokens/s per accelerator");
        frame.Vertical(y);
        frame.Horizontal(x, "tokens/s per user");
        if (promised is { } limit)
            frame.LimitAt(x.At(limit), FormattableString.Invariant($"promised: {limit:0.#}"));
        var series = Series.Number(0);
        frame.Scene.Path(
            [.. points.Select(p => new Spot(
                x.At(p.TokensPerSecondAndUser), y.At(p.TokensPerSecondAndAccelerator)))],
            series.Line);
        foreach (var p in points)
        {
            var (x1, y1) = (x.At(p.TokensPerSecondAndUser), y.At(p.TokensPerSecondAndAccelerator));
            frame.Mark(x1, y1, series,
                FormattableString.Invariant($"{p.RequestsPerSecond:0.00} requests/s: ")
                + FormattableString.Invariant($"{p.TokensPerSecondAndUser:0.0} tokens/s per user, ")
                + FormattableString.Invariant($"{p.TokensPerSecondAndAccelerator:0} per accelerator"));
        }
        var line = points.MinBy(p => Math.Abs(p.RequestsPerSecond - loadLine));
        var (lineX, lineY) = (x.At(line.TokensPerSecondAndUser), y.At(line.TokensPerSecondAndAccelerator));
        frame.Scene.Circle(lineX, lineY, 8, Paint.Outline(Ink.Text, 2));
        frame.Scene.Line(lineX - 14, lineY, lineX + 14, lineY, Paint.Outline(Ink.Text, 2));
        frame.Scene.Text(lineX + 18, lineY - 6, "load line", 12, Ink.Text, bold: true, halo: true);
        return frame.Scene;
    }
}
