using System;
using System.Collections.Generic;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// Finds the step to which a file's timestamps were rounded, and spreads arrivals inside it. Left as they
/// are, requests of one step would arrive as a burst that never happened.
/// </summary>
static class TimeQuantum
{
    /// <summary>Steps finer than this move no latency that matters and are left alone.</summary>
    public const long FinestNs = 100_000_000;

    /// <summary>Rows looked at: the head of the file.</summary>
    public const int SampleRows = 65_536;

    /// <summary>Nobody rounds to a longer step; what looks like one are bursts that really came.</summary>
    const long CoarsestNs = 60_000_000_000;

    /// <summary>So many steps must have been used before rounding is told from bursts.</summary>
    const int FewestTicks = 16;

    const int FewestRows = 64;

    /// <summary>
    /// The step of these times, nanoseconds; 0 when they are not rounded. Times on an exact grid have its
    /// step, provided some coincide, which evenly spaced sends do not; a grid with a little noise on it
    /// (Mooncake: 5,999 ms after 3,000 ms) is told by most gaps being zero and the others near multiples.
    /// </summary>
    public static long Detect(List<long> times)
    {
        if (times.Count < FewestRows)
            return 0;
        times.Sort();
        var gaps = new List<long>();
        long step = 0;
        for (var i = 1; i < times.Count; i++)
        {
            var gap = times[i] - times[i - 1];
            if (gap == 0)
                continue;
            gaps.Add(gap);
            step = CommonDivisor(step, gap);
        }
        var coincident = 1.0 - ((double)gaps.Count / (times.Count - 1));
        if (gaps.Count + 1 < FewestTicks || coincident < 0.01)
            return 0;
        var quantum = step >= FinestNs ? step : coincident >= 0.5 ? NoisyStep(gaps) : 0;
        return quantum <= CoarsestNs ? quantum : 0;
    }

    /// <summary>
    /// Where in its step the row's arrival is placed: uniform, decided by the row's number.
    /// </summary>
    public static long OffsetNs(long row, long quantumNs)
    {
        var bits = PrefixChain.Mix((ulong)row + 0x9E3779B97F4A7C15UL) >> 11;
        return (long)(bits * (1.0 / (1UL << 53)) * quantumNs);
    }

    static long NoisyStep(List<long> gaps)
    {
        gaps.Sort();
        var step = gaps[gaps.Count / 2];
        if (step < FinestNs)
            return 0;
        var near = 0;
        foreach (var gap in gaps)
        {
            var multiple = Math.Round((double)gap / step);
            if (multiple >= 1 && Math.Abs(gap - (multiple * step)) <= 0.02 * step)
                near++;
        }
        return near >= 0.95 * gaps.Count ? step : 0;
    }

    static long CommonDivisor(long a, long b)
    {
        while (b != 0)
            (a, b) = (b, a % b);
        return a;
    }
}
