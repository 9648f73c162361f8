using System;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;

namespace Plimsoll.Distiller;

readonly record struct PrefillSample(double Tokens, double Pairs, double Context, double Ns);

/// <summary>
/// The four coefficients of <see cref="PrefillAttentionCurve"/> by Nelder–Mead on the logarithms, squared
/// relative errors, kernels below 20 µs counting a quarter.
/// </summary>
static class PrefillFit
{
    const int Rounds = 600;

    public static PrefillAttentionCurve Fit(PrefillSample[] samples, int heads)
    {
        var largest = samples[0];
        foreach (var sample in samples)
        {
            largest = sample.Ns > largest.Ns ? sample : largest;
        }
        double[] start =
        [
            Math.Log(7_000),
            Math.Log(0.9 * largest.Ns / largest.Pairs / heads),
            Math.Log(0.05 * largest.Ns / largest.Tokens / heads),
            Math.Log(20),
        ];
        return Curve(NelderMead.Minimise(x => Loss(samples, heads, x), start, 0.7, Rounds));
    }

    static double Loss(PrefillSample[] samples, int heads, double[] x)
    {
        var curve = Curve(x);
        var sum = 0.0;
        foreach (var s in samples)
        {
            var error = Math.Log(curve.Ns(heads, s.Tokens, s.Pairs, s.Context) / s.Ns);
            sum += (s.Ns < 20_000 ? 0.25 : 1) * Math.Min(error * error, 0.25);
        }
        return sum;
    }

    static PrefillAttentionCurve Curve(double[] x) => new()
    {
        HeadDim = 0,
        Kv = NumberFormat.Bf16,
        Heads = 0,
        KvHeads = 0,
        LaunchNs = Math.Round(Math.Exp(x[0])),
        NsPerPair = Digits(Math.Exp(x[1])),
        NsPerToken = Digits(Math.Exp(x[2])),
        NsPerContext = Digits(Math.Exp(x[3])),
    };

    static double Digits(double value)
    {
        var scale = Math.Pow(10, 4 - Math.Ceiling(Math.Log10(value)));
        return Math.Round(value * scale) / scale;
    }
}
