using System;

namespace Plimsoll.Bench.Runs;

/// <summary>The standard deviation of samples as they come. (Welford, Technometrics 1962)</summary>
struct Spread
{
    long _count;
    double _mean;
    double _squares;

    public void Add(double value)
    {
        _count++;
        var before = value - _mean;
        _mean += before / _count;
        _squares += before * (value - _mean);
    }

    /// <summary>The same sample many times over, at once. (Chan, Golub and LeVeque 1979)</summary>
    public void Add(double value, long times)
    {
        if (times <= 0)
            return;
        var before = value - _mean;
        var count = _count + times;
        _squares += before * before * _count * ((double)times / count);
        _mean += before * times / count;
        _count = count;
    }

    /// <summary>Of the samples themselves, as numpy's <c>std</c>; null without any.</summary>
    public readonly double? Std => _count == 0 ? null : Math.Sqrt(_squares / _count);
}
