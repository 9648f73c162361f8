using System;
using Plimsoll.Core.Draws;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// Spearman's rank correlation of input and output lengths: exact up to 100,000 rows, of a uniform sample
/// of that size beyond (standard error 0.003).
/// </summary>
sealed class RankCorrelation
{
    const int Sample = 100_000;

    int[] _x = new int[1024];
    int[] _y = new int[1024];
    RandomStream _random = new(seed: 1, purpose: 0x5EA2);
    long _rows;
    int _kept;

    public void Add(int x, int y)
    {
        _rows++;
        var slot = _kept;
        if (_kept < Sample)
        {
            if (_kept == _x.Length)
            {
                Array.Resize(ref _x, 2 * _kept);
                Array.Resize(ref _y, 2 * _kept);
            }
            _kept++;
        }
        else
        {
            var place = (long)(_random.NextDouble() * _rows);
            if (place >= Sample)
                return;
            slot = (int)place;
        }
        _x[slot] = x;
        _y[slot] = y;
    }

    /// <summary>From −1 to 1; null with fewer than three rows or when either length never varies.</summary>
    public double? Value()
    {
        if (_kept < 3)
            return null;
        var x = Ranks(_x.AsSpan(0, _kept));
        var y = Ranks(_y.AsSpan(0, _kept));
        var mean = (_kept + 1) / 2.0;
        double xy = 0, xx = 0, yy = 0;
        for (var i = 0; i < _kept; i++)
        {
            xy += (x[i] - mean) * (y[i] - mean);
            xx += (x[i] - mean) * (x[i] - mean);
            yy += (y[i] - mean) * (y[i] - mean);
        }
        return xx > 0 && yy > 0 ? xy / Math.Sqrt(xx * yy) : null;
    }

    /// <summary>Ranks from 1, ties sharing their mean rank.</summary>
    static double[] Ranks(ReadOnlySpan<int> values)
    {
        var sorted = values.ToArray();
        var order = new int[values.Length];
        for (var i = 0; i < order.Length; i++)
            order[i] = i;
        Array.Sort(sorted, order);
        var ranks = new double[values.Length];
        for (var start = 0; start < sorted.Length;)
        {
            var end = start;
            while (end < sorted.Length && sorted[end] == sorted[start])
                end++;
            for (var i = start; i < end; i++)
                ranks[order[i]] = (start + end + 1) / 2.0;
            start = end;
        }
        return ranks;
    }
}
