using SkiaSharp;

namespace Plimsoll.Reports.Drawing;

/// <summary>Draws a line of text on a canvas with the embedded font.</summary>
static class Lettering
{
    public static void Draw(SKCanvas canvas, TextShape text, SKColor ink, SKColor halo)
    {
        using var font = EmbeddedFont.At(text.Size, text.Bold);
        var before = text.Anchor switch { Anchor.Middle => 0.5f, Anchor.End => 1, _ => 0 };
        var x = (float)text.X - before * font.MeasureText(text.Text);
        if (text.Halo)
        {
            using var rim = new SKPaint
            {
                Color = halo,
                IsAntialias = true,
                Style = SKPaintStyle.Stroke,
                StrokeWidth = (float)(text.Size / 3.5),
                StrokeJoin = SKStrokeJoin.Round,
            };
            canvas.DrawText(text.Text, x, (float)text.Y, font, rim);
        }
        using var paint = new SKPaint { Color = ink, IsAntialias = true };
        canvas.DrawText(text.Text, x, (float)text.Y, font, paint);
    }
}
