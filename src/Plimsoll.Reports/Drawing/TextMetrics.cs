namespace Plimsoll.Reports.Drawing;

/// <summary>
/// Widths that layout relies on, the same on every machine: advance widths of the embedded font, which grow
/// in proportion to the size because nothing is hinted.
/// </summary>
public static class TextMetrics
{
    /// <summary>Width in logical pixels of one line at a size.</summary>
    public static double Width(string text, double size, bool bold = false)
    {
        using var font = EmbeddedFont.At(size, bold);
        return font.MeasureText(text);
    }
}
