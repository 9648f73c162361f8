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
        var points = Curves.SelectMany(Shown).ToList();
        var xs = points.Select(p => p.X).Concat(Marks.Select(mark => mark.At)).DefaultIfEmpty(1).ToList();
        var x = Logarithmic
            ? Axis.Log(0.95 * xs.Min(), 1.05 * xs.Max(), frame.Left, frame.Right)
            : Axis.Linear(xs.Max(), frame.Left, frame.Right);
        var y = Axis.Linear(Most ?? points.Select(p => p.Y).Concat(Levels.Select(level => level.At))
            .DefaultIfEmpty(1).Max(), frame.Bottom, frame.Top);
        frame.Vertical(y, tick => Axis.Label(tick) + Unit);
        frame.Horizontal(x, Across);
        for (var i = 0; i < Marks.Count; i++)
            frame.LimitAt(x.At(Marks[i].At), Marks[i].Name, below: BelowTop(frame, i, x, y));
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

    /// <summary>
    /// How far below its top a mark is named: at the foot, where that is free, else at the highest place that
    /// is.
    /// </summary>
    double BelowTop(Frame frame, int mark, Axis x, Axis y)
    {
        const double Near = 14, Reach = 90, Step = 16;
        var foot = frame.Bottom - frame.Top - 12 - Step * mark;
        if (IsFree(foot))
            return foot;
        for (var below = 12 + Step * mark; below < foot; below += Step * Marks.Count)
        {
            if (IsFree(below))
                return below;
        }
        return foot;

        bool IsFree(double below)
        {
            var (at, height) = (x.At(Marks[mark].At), frame.Top + below);
            return Curves.Select(curve => Shown(curve).Select(p => (X: x.At(p.X), Y: y.At(p.Y))).ToList())
                .All(spots => spots.Zip(spots.Skip(1).Append(spots.LastOrDefault())).All(
                    part => IsClear(part.First, part.Second, at, height)));
        }

        static bool IsClear((double X, double Y) from, (double X, double Y) to, double at, double height)
        {
            var (left, right) = (Math.Max(from.X, at - Reach), Math.Min(to.X, at + Reach));
            if (left > right)
                return true;
            double On(double across) => to.X == from.X ? from.Y
                : from.Y + (to.Y - from.Y) * (across - from.X) / (to.X - from.X);
            var (one, other) = (On(left), On(right));
            return Math.Min(one, other) > height + Near || Math.Max(one, other) < height - Near;
        }
    }

    /// <summary>A logarithm has no place for 0.</summary>
    IEnumerable<(double X, double Y)> Shown(NamedCurve curve) =>
        curve.Points.Where(p => !Logarithmic || p.X > 0);

    void Curve(Frame frame, NamedCurve curve, Series series, Axis x, Axis y)
    {
        var points = Shown(curve).ToList();
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
