namespace Plimsoll.Reports.Drawing;

/// <summary>
/// Widths that layout relies on, the same on every machine. They are the advance widths of Helvetica
/// (Adobe Font Metrics, in thousandths of the size), which Arial and Liberation Sans share, and a little
/// more, because the font that finally draws may be wider.
/// </summary>
public static class TextMetrics
{
    const double Slack = 1.06;

    // Printable ASCII from the space on.
    static readonly short[] _widths =
    [
        278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
        556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
        1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
        667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
        333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
        556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
    ];

    /// <summary>Width in logical pixels of one line at a size.</summary>
    public static double Width(string text, double size, bool bold = false)
    {
        var thousandths = 0;
        foreach (var c in text)
            thousandths += c is >= ' ' and <= '~' ? _widths[c - ' '] : 600;
        return thousandths / 1000.0 * size * Slack * (bold ? 1.06 : 1);
    }
}
