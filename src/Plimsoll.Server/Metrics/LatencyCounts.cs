using System;

namespace Plimsoll.Server.Metrics;

/// <summary>
/// Latencies, counted by size: a percentile of a million costs as much as one of ten, and is within 0.8 %.
/// </summary>
public sealed class LatencyCounts
{
    /// <summary>
    /// A float's exponent and the first six bits behind its point, read as a number, are in the order of the
    /// floats themselves: 64 buckets to every doubling.
    /// </summary>
    const int DroppedBits = 17;

    /// <summary>2⁻¹⁷ s, 8 µs, and 2¹⁰ s, 17 minutes: what is beyond counts as that.</summary>
    static readonly int _first = BucketOf(1f / (1 << 17)), _last = BucketOf(1 << 10);

    readonly int[] _counts = new int[_last - _first + 1];

    public int Count { get; private set; }

    public void Add(double seconds)
    {
        _counts[Math.Clamp(BucketOf((float)seconds), _first, _last) - _first]++;
        Count++;
    }

    public void Add(LatencyCounts other)
    {
        for (var i = 0; i < _counts.Length; i++)
            _counts[i] += other._counts[i];
        Count += other.Count;
    }

    /// <summary>Seconds that this share of the samples does not exceed; there must be a sample.</summary>
    public double Percentile(double share)
    {
        var rank = (int)(share * (Count - 1));
        for (var i = 0; ; i++)
        {
            rank -= _counts[i];
            if (rank < 0)
                return MiddleOf(_first + i);
        }
    }

    static int BucketOf(float seconds) =>
        seconds > 0 ? BitConverter.SingleToInt32Bits(seconds) >> DroppedBits : 0;

    static float MiddleOf(int bucket) =>
        BitConverter.Int32BitsToSingle((bucket << DroppedBits) + (1 << (DroppedBits - 1)));
}
