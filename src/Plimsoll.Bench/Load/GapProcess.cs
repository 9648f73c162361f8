using System;
using Plimsoll.Core.Draws;

namespace Plimsoll.Bench.Load;

/// <summary>
/// Gaps between arrivals of mean 1: gamma with a shape, which vLLM calls burstiness. A shape of 1 is a
/// Poisson process, larger is smoother; an infinite shape is a metronome.
/// </summary>
public struct GapProcess
{
    readonly double _shape;
    RandomStream _random;

    /// <param name="shape">Above 0; infinity for equal gaps.</param>
    /// <param name="seed">Seed of the draws.</param>
    public GapProcess(double shape, ulong seed)
    {
        _shape = shape;
        _random = new RandomStream(seed, purpose: 32);
    }

    public double Next()
    {
        if (double.IsPositiveInfinity(_shape))
            return 1;
        if (_shape == 1)
            return _random.NextExponential();
        // Below 1: a gamma of shape + 1 times a power of a uniform (Marsaglia and Tsang, 2000, section 6).
        return _shape > 1
            ? Gamma(_shape) / _shape
            : Gamma(_shape + 1) * Math.Pow(1 - _random.NextDouble(), 1 / _shape) / _shape;
    }

    /// <summary>Marsaglia and Tsang, "A simple method for generating gamma variables", 2000.</summary>
    double Gamma(double shape)
    {
        var d = shape - 1.0 / 3;
        var c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            var x = _random.NextNormal();
            var v = 1 + c * x;
            if (v <= 0)
                continue;
            v = v * v * v;
            if (Math.Log(1 - _random.NextDouble()) < 0.5 * x * x + d - d * v + d * Math.Log(v))
                return d * v;
        }
    }
}
