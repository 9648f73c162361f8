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

    /// <summary>Of the samples themselves, as numpy's <c>std</c>; null without any.</summary>
    public readonly double? Std => _count == 0 ? null : Math.Sqrt(_squares / _count);
}
