using System;
using System.Collections.Generic;
using Plimsoll.Reports.Drawing;

namespace Plimsoll.Reports.Pictures;

/// <summary>The canvas of a chart: title, plot area, grid, axis labels.</summary>
sealed class Frame
{
    const double Small = 12;
    const double UsualHeight = 270;

    /// <param name="above">Kept free between subtitle and plot.</param>
    public Frame(string title, string subtitle, PictureSize size = PictureSize.Half,
        double height = UsualHeight, double above = 0)
    {
        Scene = new Scene((double)size);
        Scene.Text(16, 24, title, 16, Ink.Text, bold: true);
        Top = Scene.Paragraph(16, 43, Scene.Width - 32, subtitle, Small, Ink.Muted) + 4 + above;
        Left = size == PictureSize.Phone ? 52 : 60;
        Bottom = Top + height;
        Right = Scene.Width - 20;
        Scene.Height = Bottom + 52;
    }

    public double Left { get; }

    public double Right { get; }

    public double Top { get; }

    public double Bottom { get; }

    public Scene Scene { get; }

    public void Horizontal(Axis axis, string label, Func<double, string>? format = null)
    {
        var last = double.NegativeInfinity;
        foreach (var tick in axis.Ticks)
        {
            var x = axis.At(tick);
            Scene.Line(x, Bottom, x, Bottom + 4, Paint.Outline(Ink.Muted));
            var text = (format ?? Axis.Label)(tick);
            var half = TextMetrics.Width(text, Small) / 2;
            if (x - half < last + 6)
                continue;
            Scene.Text(x, Bottom + 18, text, Small, Ink.Muted, Anchor.Middle);
            last = x + half;
        }
        Scene.Line(Left, Bottom, Right, Bottom, Paint.Outline(Ink.Muted));
        Scene.Text((Left + Right) / 2, Bottom + 40, label, Small, Ink.Muted, Anchor.Middle);
    }

    public void Vertical(Axis axis, Func<double, string>? format = null)
    {
        foreach (var tick in axis.Ticks)
        {
            var y = axis.At(tick);
            Scene.Line(Left, y, Right, y, Paint.Outline(Ink.Grid));
            Scene.Text(Left - 8, y + 4, (format ?? Axis.Label)(tick), Small, Ink.Muted, Anchor.End);
        }
    }

    /// <summary>A line through values, cut where it leaves the top of the plot.</summary>
    public void Curve(IReadOnlyList<(double X, double Y)> values, Axis x, Axis y, Paint paint)
    {
        var spots = new List<Spot>();
        for (var i = 0; i < values.Count; i++)
        {
            var (at, value) = values[i];
            var inside = value <= y.High;
            if (i > 0 && inside != values[i - 1].Y <= y.High)
            {
                var (before, valueBefore) = values[i - 1];
                var share = (y.High - valueBefore) / (value - valueBefore);
                spots.Add(new Spot(x.At(before) + share * (x.At(at) - x.At(before)), Top));
                if (!inside)
                    Flush();
            }
            if (inside)
                spots.Add(new Spot(x.At(at), y.At(value)));
        }
        Flush();

        void Flush()
        {
            if (spots.Count > 1)
                Scene.Path([.. spots], paint);
            spots.Clear();
        }
    }

    /// <summary>What places in the plot mean, for who reads values off the page.</summary>
    public void Reads(Axis x, string unitOfX, Axis y, string unitOfY) =>
        Scene.Plot = new PlotArea(Left, Right, Top, Bottom, x.Described(unitOfX), y.Described(unitOfY));

    /// <summary>A short line in a curve's colour and pattern, its mark, and the curve's name.</summary>
    public void Legend(double x, double y, Series series, string name)
    {
        Scene.Line(x, y - 4, x + 22, y - 4, series.Line);
        if (series.Marked)
            Mark(x + 11, y - 4, series, null);
        Scene.Text(x + 28, y, name, Small, Ink.Text, halo: true);
    }

    /// <summary>A point of a curve: disc, square, diamond or triangle.</summary>
    public void Mark(double x, double y, Series series, string? hint)
    {
        var paint = Paint.Solid(series.Ink);
        switch (series.Shape % 4)
        {
            case 0:
                Scene.Circle(x, y, 3.5, paint, hint);
                break;
            case 1:
                Scene.Rect(x - 3.2, y - 3.2, 6.4, 6.4, paint, hint);
                break;
            case 2:
                Scene.Path([new(x, y - 4.5), new(x + 4.5, y), new(x, y + 4.5), new(x - 4.5, y)], paint, true);
                break;
            default:
                Scene.Path([new(x, y - 4.5), new(x + 4.2, y + 3.5), new(x - 4.2, y + 3.5)], paint, true);
                break;
        }
    }

    /// <summary>A dashed line at a limit, named beside it this far below its top.</summary>
    public void LimitAt(double x, string name, double below = 12)
    {
        Scene.Line(x, Top, x, Bottom, Paint.Outline(Ink.Limit, 1.5, dashed: true));
        var right = x + TextMetrics.Width(name, Small) + 8 < Right;
        Scene.Text(right ? x + 6
            : x - 6, Top + below, name, Small, Ink.Limit, right ? Anchor.Start : Anchor.End, halo: true);
    }

    /// <summary>A dashed level, named at its left end.</summary>
    public void LevelAt(double y, string name)
    {
        Scene.Line(Left, y, Right, y, Paint.Outline(Ink.Limit, 1.5, dashed: true));
        Scene.Text(Left + 6, y - 5, name, Small, Ink.Limit, halo: true);
    }

    public static string Money(double usd) => usd == 0 ? "$0" : "$" + usd.ToString(
        usd < 0.1 ? "0.000" : usd < 10 ? "0.00" : "#,0.#", System.Globalization.CultureInfo.InvariantCulture);
}
