using System;
using System.IO;
using SkiaSharp;

namespace Plimsoll.Reports.Drawing;

/// <summary>A scene as PNG in light colours on an opaque surface.</summary>
public static class PngWriter
{
    /// <summary>The bytes of a PNG of <paramref name="pixelWidth"/> pixels.</summary>
    public static byte[] Encode(Scene scene, int pixelWidth)
    {
        var scale = pixelWidth / scene.Width;
        var info = new SKImageInfo(
            pixelWidth, (int)Math.Ceiling(scene.Height * scale), SKColorType.Rgba8888, SKAlphaType.Opaque);
        using var bitmap = new SKBitmap(info);
        using (var canvas = new SKCanvas(bitmap))
        {
            canvas.Clear(Color(Ink.Surface, 1));
            canvas.Scale((float)scale);
            foreach (var shape in scene.Shapes)
                Draw(canvas, shape);
        }
        using var stream = new MemoryStream();
        if (!bitmap.Encode(stream, SKEncodedImageFormat.Png, quality: 100))
            throw new InvalidOperationException("The PNG encoder refused an opaque RGBA bitmap.");
        return stream.ToArray();
    }

    static void Draw(SKCanvas canvas, Shape shape)
    {
        switch (shape)
        {
            case RectShape r:
                var rect = SKRect.Create((float)r.X, (float)r.Y, (float)r.Width, (float)r.Height);
                Both(r.Paint, paint => canvas.DrawRoundRect(rect, (float)r.Radius, (float)r.Radius, paint));
                break;
            case LineShape l:
                Both(l.Paint, paint =>
                    canvas.DrawLine((float)l.X1, (float)l.Y1, (float)l.X2, (float)l.Y2, paint));
                break;
            case CircleShape c:
                Both(c.Paint, paint => canvas.DrawCircle((float)c.X, (float)c.Y, (float)c.Radius, paint));
                break;
            case PathShape p:
                using (var path = PathOf(p))
                    Both(p.Paint, paint => canvas.DrawPath(path, paint));
                break;
            case TextShape t:
                Lettering.Draw(canvas, t, Color(t.Ink, 1), Color(Ink.Surface, 1));
                break;
        }
    }

    static void Both(Paint paint, Action<SKPaint> draw)
    {
        if (paint.Fill is { } fill)
        {
            using var filling = new SKPaint { Color = Color(fill, paint.FillOpacity), IsAntialias = true };
            draw(filling);
        }
        if (paint.Stroke is { } stroke)
        {
            using var dashes = paint.Pattern.Dashes() is { Length: > 0 } lengths
                ? SKPathEffect.CreateDash(lengths, 0) : null;
            using var line = new SKPaint
            {
                Color = Color(stroke, 1),
                IsAntialias = true,
                Style = SKPaintStyle.Stroke,
                StrokeWidth = (float)paint.StrokeWidth,
                StrokeJoin = SKStrokeJoin.Round,
                PathEffect = dashes,
            };
            draw(line);
        }
    }

    static SKPath PathOf(PathShape shape)
    {
        var path = new SKPath();
        for (var i = 0; i < shape.Spots.Count; i++)
        {
            var (x, y) = ((float)shape.Spots[i].X, (float)shape.Spots[i].Y);
            if (i == 0)
                path.MoveTo(x, y);
            else
                path.LineTo(x, y);
        }
        if (shape.Closed)
            path.Close();
        return path;
    }

    static SKColor Color(Ink ink, double opacity)
    {
        var rgb = Palette.Light(ink);
        return new SKColor((byte)(rgb >> 16), (byte)(rgb >> 8), (byte)rgb, (byte)Math.Round(opacity * 255));
    }
}
