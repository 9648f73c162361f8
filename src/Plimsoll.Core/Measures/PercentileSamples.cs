using System;

namespace Plimsoll.Core.Measures;

/// <summary>How many samples a percentile needs before it may be printed.</summary>
public static class PercentileSamples
{
    /// <summary>
    /// Fewest samples of which, with 99 % probability, at least two lie beyond the percentile: 11 for p50,
    /// 64 for p90, 130 for p95, 662 for p99.
    /// </summary>
    /// <param name="percentile">Percent, above 0 and below 100.</param>
    public static int Needed(double percentile)
    {
        var beyond = 1.0 - percentile / 100.0;
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(beyond, 0.0);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(beyond, 1.0);
        var low = 1;
        var high = 2;
        while (AtMostOneBeyond(high, beyond) > 0.01)
            high *= 2;
        while (high - low > 1)
        {
            var middle = low + (high - low) / 2;
            if (AtMostOneBeyond(middle, beyond) > 0.01)
                low = middle;
            else
                high = middle;
        }
        return high;
    }

    static double AtMostOneBeyond(int samples, double beyond) =>
        Math.Exp(samples * Math.Log(1.0 - beyond)) * (1.0 + samples * beyond / (1.0 - beyond));
}
