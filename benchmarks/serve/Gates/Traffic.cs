using System;
using System.Collections.Generic;
using Plimsoll.Core.Draws;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Inputs.Workloads.Families;

namespace Plimsoll.Serve.Figures.Gates;

/// <summary>Arrivals over time as a figure wants them; lengths are a family's.</summary>
static class Traffic
{
    /// <summary>The rate's course over time, 1 for its mean.</summary>
    public delegate double Course(double seconds);

    public static Course Flat(ulong seed) => _ => 1;

    /// <summary>
    /// Twenty seconds of a fifth of the mean more than nothing, ten of nearly three times it.
    /// </summary>
    public static Course Square(ulong seed) => seconds => seconds % 30 < 20 ? 0.25 : 2.5;

    /// <summary>A log-Gaussian rate: σ 0.6, correlated over twenty seconds.</summary>
    public static Course Bursts(ulong seed)
    {
        const double Sigma = 0.6, Tau = 20, Step = 0.5;
        var random = new RandomStream(seed, purpose: 31);
        var levels = new double[4000];
        var keep = Math.Exp(-Step / Tau);
        var at = random.NextNormal();
        for (var i = 0; i < levels.Length; i++)
        {
            at = (keep * at) + (Math.Sqrt(1 - (keep * keep)) * random.NextNormal());
            levels[i] = Math.Exp((Sigma * at) - (Sigma * Sigma / 2));
        }
        return seconds => levels[(int)(seconds / Step) % levels.Length];
    }

    public static List<Arrival> Interactive(Course course, double perSecond, double seconds, ulong seed)
    {
        const double MostTimesMean = 8;
        var source = WorkloadFamily.Find("chat:arrivals=poisson").Open(
            perSecond, (long)(MostTimesMean * perSecond * seconds) + 1000, seed);
        var random = new RandomStream(seed, purpose: 30);
        var arrivals = new List<Arrival>();
        var at = 0.0;
        while (true)
        {
            at += random.NextExponential() / (MostTimesMean * perSecond);
            if (at >= seconds)
                return arrivals;
            if (random.NextDouble() >= course(at) / MostTimesMean)
                continue;
            source.Take(out var arrival);
            arrival.AtNs = (long)(at * 1e9);
            arrival.PrefixKeys = default;
            arrivals.Add(arrival);
        }
    }

    public static IArrivalSource Batch(ulong seed) =>
        WorkloadFamily.Find("summarisation:arrivals=poisson").Open(1, long.MaxValue / 2, seed + 1000);
}
