using System;
using System.IO;
using SkiaSharp;

namespace Plimsoll.Reports.Drawing;

/// <summary>
/// The one font of every picture: Inter (SIL Open Font License, <c>Fonts/OFL.txt</c>), two weights, figures
/// of one width, no hints and no kerning, so that a label is as wide in a PNG as in a browser.
/// </summary>
public static class EmbeddedFont
{
    /// <summary>
    /// What style sheets call it; not "Inter", which a machine may have in another version.
    /// </summary>
    public const string Family = "Plimsoll Inter";

    static readonly SKTypeface _regular = Load("Inter-Regular");
    static readonly SKTypeface _bold = Load("Inter-SemiBold");

    /// <summary>The font at a size in logical pixels; the caller disposes it.</summary>
    internal static SKFont At(double size, bool bold) => new(bold ? _bold : _regular, (float)size)
    {
        Subpixel = true,
        LinearMetrics = true,
        Hinting = SKFontHinting.None,
        Edging = SKFontEdging.Antialias,
    };

    /// <summary>Style rules that carry both weights inside the page or picture.</summary>
    public static string StyleRules { get; } =
        Rule("Inter-Regular", "400") + Rule("Inter-SemiBold", "600");

    static string Rule(string name, string weight) =>
        $"@font-face{{font-family:'{Family}';font-weight:{weight};"
        + $"src:url(data:font/otf;base64,{Convert.ToBase64String(Bytes(name))}) format('opentype')}}\n";

    static SKTypeface Load(string name)
    {
        using var data = SKData.CreateCopy(Bytes(name));
        return SKTypeface.FromData(data)
            ?? throw new InvalidOperationException($"The font {name} cannot be read.");
    }

    static byte[] Bytes(string name)
    {
        using var stream = typeof(EmbeddedFont).Assembly.GetManifestResourceStream($"fonts/{name}.otf")
            ?? throw new InvalidOperationException($"The binary lacks fonts/{name}.otf.");
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
