using System;
using System.Collections.Generic;
using Plimsoll.Reports.Drawing;

namespace Plimsoll.Reports.Pictures;

/// <summary>What a quantity of a time picture is, as its curve is told from the others.</summary>
public enum TimeInk
{
    Interactive,
    Batch,
    Idle,
    Other,
}

/// <summary>One quantity over the last while; null where nothing was measured.</summary>
public sealed record TimeCurve(string Name, TimeInk Ink, IReadOnlyList<double?> Values);

/// <summary>Quantities over the last minutes, second by second, up to now at the right edge.</summary>
public sealed record TimePicture
{
    public required string Title { get; init; }

    public required string Subtitle { get; init; }

    /// <summary>What stands behind the ticks of the vertical axis.</summary>
    public string Unit { get; init; } = "";

    public required IReadOnlyList<TimeCurve> Curves { get; init; }

    /// <summary>Levels that are not to be crossed.</summary>
    public IReadOnlyList<(string Name, double At)> Limits { get; init; } = [];

    /// <summary>Seconds that the picture covers.</summary>
    public int Seconds { get; init; } = 300;

    /// <summary>Whether the curves lie on each other as areas.</summary>
    public bool Stacked { get; init; }

    /// <param name="phone">For a small screen, where text must not shrink with the picture.</param>
    public Scene Draw(bool phone)
    {
        var frame = new Frame(Title, Subtitle, phone ? PictureSize.Phone : PictureSize.Half, height: 210);
        var x = Axis.Linear(Seconds, frame.Left, frame.Right, about: phone ? 3 : 5);
        var namesTake = (Limits.Count > 1 ? 0.15 : 0.1) * Curves.Count;
        var y = Axis.Linear(Most() * (1 + namesTake), frame.Bottom, frame.Top);
        frame.Vertical(y, tick => Axis.Label(tick) + Unit);
        frame.Horizontal(x, "seconds ago", at => FormattableString.Invariant($"{Seconds - at:0}"));
        var below = new double[Seconds];
        for (var i = 0; i < Curves.Count; i++)
        {
            if (Stacked)
                Area(frame, Curves[i], below, x, y);
            else
                Line(frame, Curves[i], i, x, y);
        }
        foreach (var (name, at) in Limits)
            frame.LevelAt(y.At(at), name);
        // A line by itself is what the title says.
        for (var i = 0; i < Curves.Count && (Curves.Count > 1 || Stacked); i++)
        {
            var series = SeriesOf(Curves[i], Stacked ? 0 : i);
            frame.Legend(frame.Left + 14, frame.Top + 16 + (18 * i), series, Curves[i].Name);
        }
        return frame.Scene;
    }

    double Most()
    {
        var most = 0.0;
        for (var at = 0; at < Seconds; at++)
        {
            var sum = 0.0;
            foreach (var curve in Curves)
            {
                var value = Value(curve, at) ?? 0;
                sum = Stacked ? sum + value : Math.Max(sum, value);
            }
            most = Math.Max(most, sum);
        }
        foreach (var (_, at) in Limits)
            most = Math.Max(most, 1.05 * at);
        return most;
    }

    /// <summary>Values end at now; a picture that began later has none at its left.</summary>
    double? Value(TimeCurve curve, int at)
    {
        var index = at - (Seconds - curve.Values.Count);
        return index < 0 ? null : curve.Values[index];
    }

    void Line(Frame frame, TimeCurve curve, int number, Axis x, Axis y)
    {
        var points = new List<(double, double)>();
        for (var at = 0; at < Seconds; at++)
        {
            if (Value(curve, at) is { } value)
            {
                points.Add((at + 1, value));
                continue;
            }
            frame.Curve(points, x, y, SeriesOf(curve, number).Line);
            points = [];
        }
        frame.Curve(points, x, y, SeriesOf(curve, number).Line);
    }

    void Area(Frame frame, TimeCurve curve, double[] below, Axis x, Axis y)
    {
        var spots = new List<Spot>();
        for (var at = Seconds - 1; at >= 0; at--)
            spots.Add(new Spot(x.At(at + 1), y.At(below[at])));
        for (var at = 0; at < Seconds; at++)
        {
            below[at] += Value(curve, at) ?? 0;
            spots.Add(new Spot(x.At(at + 1), y.At(below[at])));
        }
        frame.Scene.Path(spots, Paint.Solid(InkOf(curve), 0.75), closed: true);
    }

    static Series SeriesOf(TimeCurve curve, int number) => new(InkOf(curve), number, Marked: false);

    static Ink InkOf(TimeCurve curve) => curve.Ink switch
    {
        TimeInk.Interactive => Ink.Interactive,
        TimeInk.Batch => Ink.Batch,
        TimeInk.Idle => Ink.Idle,
        _ => Ink.Credit,
    };
}
