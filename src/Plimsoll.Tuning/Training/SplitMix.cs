using System;

namespace Plimsoll.Tuning.Training;

/// <summary>SplitMix64: the same draws on every machine, for orders of data and first weights.</summary>
public sealed class SplitMix(ulong seed)
{
    ulong _state = seed;
    double? _spare;

    public ulong Next()
    {
        _state += 0x9e3779b97f4a7c15;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

    /// <summary>0 to 1, 1 left out.</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1ul << 53));

    /// <summary>0 to <paramref name="bound"/>, the bound left out.</summary>
    public int Next(int bound) => (int)((UInt128)Next() * (ulong)bound >> 64);

    /// <summary>Mean 0, variance 1.</summary>
    public double NextNormal()
    {
        if (_spare is { } spare)
        {
            _spare = null;
            return spare;
        }
        var radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble()));
        var (sine, cosine) = Math.SinCos(2 * Math.PI * NextDouble());
        _spare = radius * sine;
        return radius * cosine;
    }

    /// <summary>The numbers 0 to <paramref name="count"/> − 1 in a drawn order.</summary>
    public int[] Permutation(int count)
    {
        var order = new int[count];
        for (var i = 0; i < count; i++)
            order[i] = i;
        for (var i = count - 1; i > 0; i--)
        {
            var j = Next(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }
}
