using System;
using System.Numerics;

namespace Plimsoll.Core.Measures;

/// <summary>
/// A histogram of durations with buckets 1/128 of a power of two wide: any quantile is within
/// <see cref="RelativeError"/> of a sample, whatever the count, in 58 kB.
/// </summary>
public sealed class QuantileSketch
{
    /// <summary>Half a bucket over its lower end: 0.4 %.</summary>
    public const double RelativeError = 0.5 / Divisions;

    const int DivisionBits = 7;
    const int Divisions = 1 << DivisionBits;

    readonly long[] _counts = new long[(64 - DivisionBits) * Divisions];

    public long Count { get; private set; }

    /// <summary>
    /// Adds a duration of <paramref name="ns"/> ≥ 0 nanoseconds, <paramref name="times"/> times.
    /// </summary>
    public void Add(long ns, long times = 1)
    {
        _counts[Bucket(ns)] += times;
        Count += times;
    }

    public void Add(QuantileSketch other)
    {
        for (var bucket = 0; bucket < _counts.Length; bucket++)
            _counts[bucket] += other._counts[bucket];
        Count += other.Count;
    }

    /// <summary>The nearest-rank percentile, nanoseconds, to within <see cref="RelativeError"/>.</summary>
    public long Percentile(double percentile)
    {
        var rank = LatencyRecorder.Rank(Count, percentile);
        long seen = 0;
        for (var bucket = 0; bucket < _counts.Length; bucket++)
        {
            seen += _counts[bucket];
            if (seen >= rank)
                return Middle(bucket);
        }
        throw new InvalidOperationException("An empty sketch has no percentile.");
    }

    public void Clear()
    {
        Array.Clear(_counts);
        Count = 0;
    }

    static int Bucket(long ns)
    {
        if (ns < Divisions)
            return (int)Math.Max(0, ns);
        var shift = 63 - BitOperations.LeadingZeroCount((ulong)ns) - DivisionBits;
        return ((shift + 1) << DivisionBits) + (int)((ns >> shift) - Divisions);
    }

    static long Middle(int bucket)
    {
        var shift = (bucket >> DivisionBits) - 1;
        if (shift < 0)
            return bucket;
        var lower = (long)((bucket & (Divisions - 1)) + Divisions) << shift;
        return lower + ((1L << shift) >> 1);
    }
}
