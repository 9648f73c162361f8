using System;
using SkiaSharp;

namespace Plimsoll.Reports.Drawing;

/// <summary>
/// Draws text on a canvas with the machine's best sans-serif font, or with <see cref="StrokeFont"/> when it
/// has none. Text never grows wider than layout assumed: it is squeezed instead.
/// </summary>
public sealed class Lettering : IDisposable
{
    // Metric relatives of the font that layout assumes come first.
    static readonly string[] _families =
        ["Liberation Sans", "Arimo", "Helvetica", "Arial", "Inter", "Roboto", "Noto Sans", "Open Sans",
            "DejaVu Sans"];

    readonly SKTypeface? _regular;
    readonly SKTypeface? _bold;

    Lettering(SKTypeface? regular, SKTypeface? bold)
    {
        _regular = regular;
        _bold = bold;
    }

    public static Lettering OfMachine()
    {
        foreach (var family in _families)
        {
            if (SKFontManager.Default.MatchFamily(family) is { GlyphCount: > 0 } regular)
            {
                return new Lettering(
                    regular, SKFontManager.Default.MatchFamily(family, SKFontStyle.Bold) ?? regular);
            }
        }
        return OfStrokes();
    }

    public static Lettering OfStrokes() => new(null, null);

    public void Draw(SKCanvas canvas, TextShape text, SKColor ink, SKColor halo)
    {
        var room = TextMetrics.Width(text.Text, text.Size, text.Bold);
        if ((text.Bold ? _bold : _regular) is { } typeface)
            DrawFont(canvas, text, typeface, room, ink, halo);
        else
            DrawStrokes(canvas, text, room, ink, halo);
    }

    public void Dispose()
    {
        _regular?.Dispose();
        _bold?.Dispose();
    }

    static void DrawFont(
        SKCanvas canvas, TextShape text, SKTypeface typeface, double room, SKColor ink, SKColor halo)
    {
        using var font =
            new SKFont(typeface, (float)text.Size) { Subpixel = true, Edging = SKFontEdging.Antialias };
        var width = font.MeasureText(text.Text);
        if (width > room)
        {
            font.ScaleX = (float)(room / width);
            width = (float)room;
        }
        var x = (float)(text.X - width * Before(text.Anchor));
        if (text.Halo)
        {
            using var rim = Rim(halo, text.Size / 3.5);
            canvas.DrawText(text.Text, x, (float)text.Y, font, rim);
        }
        using var paint = new SKPaint { Color = ink, IsAntialias = true };
        canvas.DrawText(text.Text, x, (float)text.Y, font, paint);
    }

    static void DrawStrokes(SKCanvas canvas, TextShape text, double room, SKColor ink, SKColor halo)
    {
        var width = StrokeFont.Width(text.Text, text.Size);
        var stretch = width > room ? room / width : 1;
        using var path = new SKPath();
        var x = text.X - width * stretch * Before(text.Anchor);
        foreach (var stroke in StrokeFont.Strokes(text.Text, x, text.Y, text.Size, stretch))
        {
            path.MoveTo((float)stroke[0].X, (float)stroke[0].Y);
            foreach (var spot in stroke)
                path.LineTo((float)spot.X + 0.01f, (float)spot.Y);
        }
        if (text.Halo)
        {
            using var rim = Rim(halo, text.Size / 3);
            canvas.DrawPath(path, rim);
        }
        using var paint = Rim(ink, text.Size * (text.Bold ? 0.14 : 0.085));
        canvas.DrawPath(path, paint);
    }

    static double Before(Anchor anchor) => anchor switch { Anchor.Middle => 0.5, Anchor.End => 1, _ => 0 };

    static SKPaint Rim(SKColor color, double width) => new()
    {
        Color = color,
        IsAntialias = true,
        Style = SKPaintStyle.Stroke,
        StrokeWidth = (float)width,
        StrokeCap = SKStrokeCap.Round,
        StrokeJoin = SKStrokeJoin.Round,
    };
}
