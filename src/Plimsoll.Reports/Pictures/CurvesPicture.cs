using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Reports.Drawing;

namespace Plimsoll.Reports.Pictures;

/// <summary>Lines through points over one horizontal quantity.</summary>
public sealed record CurvesPicture
{
    public required string Title { get; init; }

    public required string Subtitle { get; init; }

    /// <summary>Name and unit of the horizontal axis.</summary>
    public required string Across { get; init; }

    /// <summary>Whether the horizontal axis is logarithmic; it then has no place for 0.</summary>
    public bool Logarithmic { get; init; }

    /// <summary>What stands behind the ticks of the vertical axis.</summary>
    public string Unit { get; init; } = "";

    /// <summary>Top of the vertical axis; null for the highest point.</summary>
    public double? Most { get; init; }

    public required IReadOnlyList<NamedCurve> Curves { get; init; }

    /// <summary>Named places on the horizontal axis: limits, a load line.</summary>
    public IReadOnlyList<(double At, string Name)> Marks { get; init; } = [];

    /// <summary>Named levels on the vertical axis: limits.</summary>
    public IReadOnlyList<(double At, string Name)> Levels { get; init; } = [];

    const double NameHeight = 18;

    public Scene Draw()
    {
        // One curve alone is what the title says. Names of several stand above the plot, where no curve, mark
        // or level passes through them.
        var named = Curves.Count > 1;
        var frame = new Frame(Title, Subtitle, above: named ? NameHeight * Curves.Count + 6 : 0);
        var points = Curves.SelectMany(curve => curve.Points).Where(p => !Logarithmic || p.X > 0).ToList();
        var xs = points.Select(p => p.X).Concat(Marks.Select(mark => mark.At)).DefaultIfEmpty(1).ToList();
        var x = Logarithmic
            ? Axis.Log(0.95 * xs.Min(), 1.05 * xs.Max(), frame.Left, frame.Right)
            : Axis.Linear(xs.Max(), frame.Left, frame.Right);
        var y = Axis.Linear(Most ?? points.Select(p => p.Y).Concat(Levels.Select(level => level.At))
            .DefaultIfEmpty(1).Max(), frame.Bottom, frame.Top);
        frame.Vertical(y, tick => Axis.Label(tick) + Unit);
        frame.Horizontal(x, Across);
        for (var i = 0; i < Marks.Count; i++)
            frame.LimitAt(x.At(Marks[i].At), Marks[i].Name, below: frame.Bottom - frame.Top - 12 - 16 * i);
        foreach (var (at, name) in Levels)
            frame.LevelAt(y.At(at), name);
        for (var i = 0; i < Curves.Count; i++)
        {
            Curve(frame, Curves[i], Series.Number(i), x, y);
            if (named)
            {
                frame.Legend(frame.Left, frame.Top - NameHeight * (Curves.Count - i) + 8, Series.Number(i),
                    Curves[i].Name);
            }
        }
        return frame.Scene;
    }

    void Curve(Frame frame, NamedCurve curve, Series series, Axis x, Axis y)
    {
        var points = curve.Points.Where(p => !Logarithmic || p.X > 0).ToList();
        frame.Curve(points, x, y, series.Line);
        if (points.Count <= 40)
        {
            foreach (var (at, value) in points)
            {
                frame.Mark(
                    x.At(at), y.At(value), series,
                    FormattableString.Invariant($"{curve.Name}: {at:0.###}, {value:0.###}{Unit}"));
            }
        }
    }
}

/// <summary>A line and its name.</summary>
public sealed record NamedCurve(string Name, IReadOnlyList<(double X, double Y)> Points);
