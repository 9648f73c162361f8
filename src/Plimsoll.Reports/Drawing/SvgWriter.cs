using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;

namespace Plimsoll.Reports.Drawing;

/// <summary>
/// A scene as SVG text. Inside a page the inks are classes that follow its theme; a file of its own has
/// literal light colours on an opaque surface, because it ends up in slides and documents.
/// </summary>
public sealed class SvgWriter
{
    const string FontFamily = $"'{EmbeddedFont.Family}', Inter, Roboto, Arial, sans-serif";

    readonly TextWriter _writer;
    readonly bool _inPage;

    SvgWriter(TextWriter writer, bool inPage)
    {
        _writer = writer;
        _inPage = inPage;
    }

    /// <summary>
    /// An element for the report page; <paramref name="label"/> names the picture to a reader's ear.
    /// </summary>
    public static void WriteInPage(Scene scene, string label, string cssClass, TextWriter writer)
    {
        writer.Write($"<svg class=\"{cssClass}\" viewBox=\"0 0 {N(scene.Width)} {N(scene.Height)}\" ");
        writer.Write($"role=\"img\" aria-label=\"{HtmlText.Escape(label)}\"");
        if (scene.Plot is { } plot)
        {
            writer.Write($" data-plot=\"{N(plot.Left)} {N(plot.Right)} {N(plot.Top)} {N(plot.Bottom)}\"");
            writer.Write($" data-x=\"{HtmlText.Escape(plot.X)}\" data-y=\"{HtmlText.Escape(plot.Y)}\"");
        }
        writer.Write(">\n");
        new SvgWriter(writer, inPage: true).WriteShapes(scene.Shapes);
        writer.Write("</svg>\n");
    }

    /// <summary>A whole file.</summary>
    public static void WriteFile(Scene scene, string label, TextWriter writer)
    {
        var (width, height) = (N(scene.Width), N(scene.Height));
        writer.Write("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        writer.Write($"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" ");
        writer.Write($"viewBox=\"0 0 {width} {height}\" font-family=\"{FontFamily}\" role=\"img\">\n");
        writer.Write($"<title>{HtmlText.Escape(label)}</title>\n<style>{EmbeddedFont.StyleRules}</style>\n");
        writer.Write($"<rect width=\"{width}\" height=\"{height}\" fill=\"{Hex(Ink.Surface)}\"/>\n");
        new SvgWriter(writer, inPage: false).WriteShapes(scene.Shapes);
        writer.Write("</svg>\n");
    }

    /// <summary>
    /// The style rules that the classes of <see cref="WriteInPage"/> need, given the ink variables.
    /// </summary>
    public static string StyleRules()
    {
        var css = new StringBuilder();
        foreach (var ink in Enum.GetValues<Ink>())
        {
            var name = Palette.Name(ink);
            css.Append(CultureInfo.InvariantCulture, $".f-{name}{{fill:var(--{name})}}");
            css.Append(CultureInfo.InvariantCulture, $".s-{name}{{stroke:var(--{name})}}\n");
        }
        return css.ToString();
    }

    void WriteShapes(IReadOnlyList<Shape> shapes)
    {
        foreach (var shape in shapes)
        {
            var (tag, body) = Element(shape);
            var inner = shape.Hint is null ? "" : $"<title>{HtmlText.Escape(shape.Hint)}</title>";
            if (shape is TextShape text)
                inner = HtmlText.Escape(text.Text) + inner;
            _writer.Write(inner.Length == 0 ? $"<{tag} {body}/>\n" : $"<{tag} {body}>{inner}</{tag}>\n");
        }
    }

    (string Tag, string Body) Element(Shape shape) => shape switch
    {
        RectShape r => ("rect",
            $"x=\"{N(r.X)}\" y=\"{N(r.Y)}\" width=\"{N(r.Width)}\" height=\"{N(r.Height)}\""
            + (r.Radius > 0 ? $" rx=\"{N(r.Radius)}\"" : "") + Inks(r.Paint)),
        LineShape l => ("line",
            $"x1=\"{N(l.X1)}\" y1=\"{N(l.Y1)}\" x2=\"{N(l.X2)}\" y2=\"{N(l.Y2)}\"" + Inks(l.Paint)),
        CircleShape c => ("circle", $"cx=\"{N(c.X)}\" cy=\"{N(c.Y)}\" r=\"{N(c.Radius)}\"" + Inks(c.Paint)),
        PathShape p => ("path", $"d=\"{PathData(p)}\"" + Inks(p.Paint)),
        TextShape t => ("text", TextBody(t)),
        _ => throw new ArgumentOutOfRangeException(nameof(shape), shape, null),
    };

    string TextBody(TextShape t)
    {
        var anchor = t.Anchor switch { Anchor.Middle => "middle", Anchor.End => "end", _ => "start" };
        var body = $"x=\"{N(t.X)}\" y=\"{N(t.Y)}\" font-size=\"{N(t.Size)}\"";
        if (t.Anchor != Anchor.Start)
            body += $" text-anchor=\"{anchor}\"";
        if (t.Bold)
            body += " font-weight=\"600\"";
        var stroke = t.Halo
            ? new Paint { Fill = t.Ink, FillOpacity = 1, Stroke = Ink.Surface, StrokeWidth = t.Size / 3.5 }
            : Paint.Solid(t.Ink);
        return body + Inks(stroke) + (t.Halo ? " paint-order=\"stroke\" stroke-linejoin=\"round\"" : "");
    }

    string Inks(Paint paint)
    {
        var text = new StringBuilder();
        if (_inPage)
        {
            var fill = paint.Fill is { } f ? $"f-{Palette.Name(f)}" : "f-none";
            var stroke = paint.Stroke is { } s ? $" s-{Palette.Name(s)}" : "";
            text.Append(CultureInfo.InvariantCulture, $" class=\"{fill}{stroke}\"");
        }
        else
        {
            text.Append(" fill=\"").Append(paint.Fill is { } f ? Hex(f) : "none").Append('"');
            if (paint.Stroke is { } s)
                text.Append(" stroke=\"").Append(Hex(s)).Append('"');
        }
        if (paint.Fill is not null && paint.FillOpacity < 1)
            text.Append(CultureInfo.InvariantCulture, $" fill-opacity=\"{N(paint.FillOpacity)}\"");
        if (paint.Stroke is not null)
            text.Append(CultureInfo.InvariantCulture, $" stroke-width=\"{N(paint.StrokeWidth)}\"");
        if (paint.Pattern.Dashes() is { Length: > 0 } dashes)
        {
            text.Append(" stroke-dasharray=\"").AppendJoin(' ', Array.ConvertAll(dashes, d => N(d)));
            text.Append('"');
        }
        return text.ToString();
    }

    static string PathData(PathShape path)
    {
        var data = new StringBuilder();
        for (var i = 0; i < path.Spots.Count; i++)
        {
            data.Append(i == 0 ? 'M' : 'L');
            data.Append(N(path.Spots[i].X)).Append(' ').Append(N(path.Spots[i].Y));
        }
        return path.Closed ? data.Append('Z').ToString() : data.ToString();
    }

    static string Hex(Ink ink) => "#" + Palette.Light(ink).ToString("x6", CultureInfo.InvariantCulture);

    /// <summary>
    /// Two decimals are below what any screen shows, and keep the bytes the same everywhere.
    /// </summary>
    static string N(double value) =>
        (Math.Round(value, 2) + 0.0).ToString("0.##", CultureInfo.InvariantCulture);
}
