using System;
using System.Collections.Generic;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// Token counts: exact below a million, to 256 tokens above. Memory follows the largest length, not the
/// number of rows.
/// </summary>
public sealed class LengthHistogram
{
    const int Exact = 1 << 20;
    const int CoarseBits = 8;

    readonly SortedDictionary<int, long> _large = [];
    long[] _counts = new long[1024];
    double _sum;

    internal LengthHistogram()
    {
    }

    public long Count { get; private set; }

    public int Min { get; private set; } = int.MaxValue;

    public int Max { get; private set; }

    public double Mean => _sum / Count;

    /// <summary>Rows whose length is the largest there is.</summary>
    public long CountAtMax { get; private set; }

    /// <summary>
    /// Whether lengths pile up at the maximum, as a context or output limit makes them: at least ten rows
    /// and 0.5 % of all, ten times what the lengths just below it have on average.
    /// </summary>
    public bool IsCapped
    {
        get
        {
            if (CountAtMax < 10 || CountAtMax < 0.005 * Count || Max >= Exact || Min == Max)
                return false;
            var below = Math.Max(Min, Max - Math.Max(10, Max / 50));
            long near = 0;
            for (var length = below; length < Max; length++)
                near += _counts[length];
            return CountAtMax * (double)(Max - below) >= 10.0 * near;
        }
    }

    internal void Add(int length)
    {
        if (length < Exact)
        {
            if (length >= _counts.Length)
                Array.Resize(ref _counts, Math.Min(Exact, Math.Max(length + 1, 2 * _counts.Length)));
            _counts[length]++;
        }
        else
        {
            var bucket = length >> CoarseBits;
            _large[bucket] = _large.GetValueOrDefault(bucket) + 1;
        }
        CountAtMax = length > Max ? 1 : length == Max ? CountAtMax + 1 : CountAtMax;
        Max = Math.Max(Max, length);
        Min = Math.Min(Min, length);
        Count++;
        _sum += length;
    }

    /// <summary>The nearest-rank quantile, tokens; <paramref name="share"/> from 0 to 1.</summary>
    public int Quantile(double share)
    {
        var rank = Math.Clamp((long)Math.Ceiling(share * Count), 1, Count);
        for (var length = 0; length < _counts.Length; length++)
        {
            rank -= _counts[length];
            if (rank <= 0)
                return length;
        }
        foreach (var (bucket, count) in _large)
        {
            rank -= count;
            if (rank <= 0)
                return Math.Min(Max, (bucket << CoarseBits) + (1 << (CoarseBits - 1)));
        }
        return Max;
    }
}
