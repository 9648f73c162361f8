using System;
using System.Runtime.CompilerServices;

namespace Plimsoll.Core.Draws;

/// <summary>
/// Seeded random numbers, the same on every machine and every runtime: xoshiro256** (Blackman and
/// Vigna, public domain), seeded through SplitMix64. One stream per purpose, so drawing more of one
/// thing never shifts another.
/// </summary>
public struct RandomStream
{
    ulong _a;
    ulong _b;
    ulong _c;
    ulong _d;

    public RandomStream(ulong seed, ulong purpose = 0)
    {
        var state = seed ^ (purpose * 0xD1B54A32D192ED03UL);
        _a = SplitMix(ref state);
        _b = SplitMix(ref state);
        _c = SplitMix(ref state);
        _d = SplitMix(ref state);
    }

    public ulong NextBits()
    {
        var result = ulong.RotateLeft(_b * 5, 7) * 9;
        var t = _b << 17;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= t;
        _d = ulong.RotateLeft(_d, 45);
        return result;
    }

    /// <summary>Uniform in [0, 1), 53 bits.</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [0, bound).</summary>
    public int NextBelow(int bound) => (int)Math.BigMul(NextBits(), (ulong)bound, out _);

    /// <summary>Exponential with mean 1.</summary>
    public double NextExponential() => -Math.Log(1.0 - NextDouble());

    /// <summary>Standard normal, by the Box–Muller transform; one of the pair is used.</summary>
    public double NextNormal()
    {
        var radius = Math.Sqrt(2.0 * NextExponential());
        return radius * Math.Cos(2.0 * Math.PI * NextDouble());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong SplitMix(ref ulong state)
    {
        var z = state += 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
