using System.Collections.Generic;

namespace Plimsoll.Reports.Drawing;

/// <summary>Something drawn. All lengths are logical pixels, y grows downwards.</summary>
public abstract record Shape
{
    /// <summary>What a pointer resting on the shape is told; null for nothing.</summary>
    public string? Hint { get; init; }
}

public sealed record RectShape(double X, double Y, double Width, double Height, Paint Paint) : Shape
{
    public double Radius { get; init; }
}

public sealed record LineShape(double X1, double Y1, double X2, double Y2, Paint Paint) : Shape;

public sealed record CircleShape(double X, double Y, double Radius, Paint Paint) : Shape;

/// <summary>Straight segments through the points; closed for an area.</summary>
public sealed record PathShape(IReadOnlyList<Spot> Spots, bool Closed, Paint Paint) : Shape;

/// <summary>One line of text; (x, y) is the anchor on the baseline.</summary>
public sealed record TextShape(double X, double Y, string Text, double Size, Ink Ink) : Shape
{
    public Anchor Anchor { get; init; }

    public bool Bold { get; init; }

    /// <summary>Drawn over a rim of surface colour, to stay readable on lines.</summary>
    public bool Halo { get; init; }
}

public readonly record struct Spot(double X, double Y);

public enum Anchor
{
    Start,
    Middle,
    End,
}

/// <summary>Lines that are told apart without colour.</summary>
public enum LinePattern
{
    Solid,
    Dashed,
    Dotted,
    DashDotted,
}

/// <summary>Fill and stroke of a shape; a missing ink draws nothing.</summary>
public readonly record struct Paint
{
    public Ink? Fill { get; init; }

    public double FillOpacity { get; init; }

    public Ink? Stroke { get; init; }

    public double StrokeWidth { get; init; }

    public LinePattern Pattern { get; init; }

    public static Paint Solid(Ink ink, double opacity = 1) => new() { Fill = ink, FillOpacity = opacity };

    public static Paint Outline(Ink ink, double width = 1, bool dashed = false) =>
        Line(ink, width, dashed ? LinePattern.Dashed : LinePattern.Solid);

    public static Paint Line(Ink ink, double width, LinePattern pattern) =>
        new() { Stroke = ink, StrokeWidth = width, Pattern = pattern };
}
