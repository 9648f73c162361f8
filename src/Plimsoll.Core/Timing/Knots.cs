using System;

namespace Plimsoll.Core.Timing;

/// <summary>Finding a value between ascending knots, in the logarithm.</summary>
static class Knots
{
    /// <summary>
    /// Index of the knot at or below <paramref name="value"/> and the share of the way to the next one.
    /// A value outside is moved to the nearest end; the share is 0 at the last knot.
    /// </summary>
    public static (int Index, double Share) Locate(int[] knots, double value)
    {
        if (knots.Length == 1 || value <= knots[0])
        {
            return (0, 0);
        }
        if (value >= knots[^1])
        {
            return (knots.Length - 1, 0);
        }
        var low = 0;
        var high = knots.Length - 1;
        while (high - low > 1)
        {
            var middle = (low + high) >> 1;
            if (knots[middle] <= value)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }
        return (low, Math.Log(value / knots[low]) / Math.Log((double)knots[low + 1] / knots[low]));
    }
}
