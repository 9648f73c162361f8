using System;
using System.Collections.Generic;
using Plimsoll.Reports.Drawing;

namespace Plimsoll.Reports.Pictures;

/// <summary>One cloud of a scatter: what it is called and its points.</summary>
public sealed record ScatterCloud(
    string Name, IReadOnlyList<(double Measured, double Predicted, string Hint)> Points);

/// <summary>Predicted against measured on equal logarithmic axes, with the band within 10 %.</summary>
public static class ScatterPicture
{
    const double Band = 1.1;

    /// <summary>As high as a narrow picture's plot is wide, so that equality is the diagonal.</summary>
    const double Side = 480;

    static readonly Ink[] Inks = [Ink.Interactive, Ink.Batch, Ink.Credit, Ink.Limit];

    public static Scene Draw(string title, string subtitle, string unit, IReadOnlyList<ScatterCloud> clouds)
    {
        var frame = new Frame(title, subtitle, height: Side);
        var (low, high) = Range(clouds);
        var x = Axis.Log(low, high, frame.Left, frame.Right);
        var y = Axis.Log(low, high, frame.Bottom, frame.Top);
        frame.Vertical(y);
        frame.Horizontal(x, $"measured, {unit}; upwards: predicted");
        frame.Scene.Path(
            [
                new Spot(x.At(low), y.At(low)), new Spot(x.At(low), y.At(low * Band)),
                new Spot(x.At(high / Band), y.At(high)), new Spot(x.At(high), y.At(high)),
                new Spot(x.At(high), y.At(high / Band)), new Spot(x.At(low * Band), y.At(low)),
            ],
            Paint.Solid(Ink.Credit, 0.16), closed: true);
        frame.Scene.Line(x.At(low), y.At(low), x.At(high), y.At(high), Paint.Outline(Ink.Muted));
        for (var i = 0; i < clouds.Count; i++)
        {
            foreach (var (measured, predicted, hint) in clouds[i].Points)
            {
                frame.Scene.Circle(
                    x.At(measured), y.At(predicted), 3, Paint.Solid(Inks[i % Inks.Length], 0.55), hint);
            }
        }
        for (var i = 0; i < clouds.Count; i++)
        {
            var at = frame.Top + 16 + 18 * i;
            frame.Scene.Circle(frame.Left + 14, at - 4, 4, Paint.Solid(Inks[i % Inks.Length]));
            frame.Scene.Text(frame.Left + 24, at, clouds[i].Name, 12, Ink.Text, halo: true);
        }
        return frame.Scene;
    }

    /// <summary>All points, both ways, and a little air.</summary>
    static (double Low, double High) Range(IReadOnlyList<ScatterCloud> clouds)
    {
        double low = double.PositiveInfinity, high = 0;
        foreach (var cloud in clouds)
        {
            foreach (var (measured, predicted, _) in cloud.Points)
            {
                if (predicted > 0)
                    low = Math.Min(low, predicted);
                low = Math.Min(low, measured);
                high = Math.Max(high, Math.Max(measured, predicted));
            }
        }
        return (low / Band, high * Band);
    }
}
