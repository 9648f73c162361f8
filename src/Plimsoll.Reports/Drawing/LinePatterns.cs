using System;

namespace Plimsoll.Reports.Drawing;

static class LinePatterns
{
    /// <summary>Lengths of strokes and gaps in turn, logical pixels; empty for a solid line.</summary>
    public static float[] Dashes(this LinePattern pattern) => pattern switch
    {
        LinePattern.Solid => [],
        LinePattern.Dashed => [5, 4],
        LinePattern.Dotted => [1.5f, 3.5f],
        LinePattern.DashDotted => [9, 3, 2, 3],
        _ => throw new ArgumentOutOfRangeException(nameof(pattern), pattern, null),
    };
}
