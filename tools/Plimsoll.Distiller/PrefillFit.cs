using System;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Optimization;
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
    const double Step = 0.7;
    const double Tolerance = 1e-10;
    const int MostRounds = 20_000;

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
        return Curve(Minimise(x => Loss(samples, heads, x), start));
    }

    static double[] Minimise(Func<double[], double> loss, double[] start)
    {
        var at = Vector<double>.Build.DenseOfArray(start);
        var steps = Vector<double>.Build.Dense(start.Length, Step);
        return new NelderMeadSimplex(Tolerance, MostRounds)
            .FindMinimum(
                ObjectiveFunction.Value(x => loss(x.AsArray())), at, steps).MinimizingPoint.ToArray();
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
