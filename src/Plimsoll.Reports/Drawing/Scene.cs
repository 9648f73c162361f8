using System.Collections.Generic;

namespace Plimsoll.Reports.Drawing;

/// <summary>
/// A picture before it has a format or a theme: shapes in drawing order on a canvas of logical pixels.
/// </summary>
public sealed class Scene
{
    readonly List<Shape> _shapes = [];

    public Scene(double width)
    {
        Width = width;
    }

    public double Width { get; }

    /// <summary>Set by whoever lays the picture out, once it is known.</summary>
    public double Height { get; set; }

    /// <summary>Where in the picture values may be read off; null when they may not.</summary>
    public PlotArea? Plot { get; set; }

    public IReadOnlyList<Shape> Shapes => _shapes;

    public void Add(Shape shape) => _shapes.Add(shape);

    public void Rect(
        double x, double y, double width, double height, Paint paint, string? hint = null,
        double radius = 0) =>
        Add(new RectShape(x, y, width, height, paint) { Hint = hint, Radius = radius });

    public void Line(double x1, double y1, double x2, double y2, Paint paint) =>
        Add(new LineShape(x1, y1, x2, y2, paint));

    public void Circle(double x, double y, double radius, Paint paint, string? hint = null) =>
        Add(new CircleShape(x, y, radius, paint) { Hint = hint });

    public void Path(IReadOnlyList<Spot> spots, Paint paint, bool closed = false) =>
        Add(new PathShape(spots, closed, paint));

    public void Text(
        double x, double y, string text, double size, Ink ink, Anchor anchor = Anchor.Start,
        bool bold = false,
        bool halo = false) =>
        Add(new TextShape(x, y, text, size, ink) { Anchor = anchor, Bold = bold, Halo = halo });

    /// <summary>
    /// Text of one line cut at word ends to lines of at most <paramref name="width"/>; returns the baseline
    /// that a next line would have.
    /// </summary>
    public double Paragraph(
        double x, double y, double width, string text, double size, Ink ink, bool bold = false)
    {
        var line = "";
        foreach (var word in text.Split(' '))
        {
            var longer = line.Length == 0 ? word : $"{line} {word}";
            if (line.Length > 0 && TextMetrics.Width(longer, size, bold) > width)
            {
                Text(x, y, line, size, ink, bold: bold);
                y += size * 1.4;
                longer = word;
            }
            line = longer;
        }
        Text(x, y, line, size, ink, bold: bold);
        return y + size * 1.4;
    }
}
