using System;
using MathNet.Numerics.Distributions;

namespace Plimsoll.Tuning.Evaluation;

/// <summary>
/// Candidate and current on the same examples, right or wrong on each. Interval of the difference: Newcombe
/// 1998, "Improved confidence intervals for the difference between binomial proportions based on paired
/// data", method 10; test: McNemar's, exact.
/// </summary>
/// <param name="Both">Examples that both have right.</param>
/// <param name="OnlyCandidate">Right by the candidate alone.</param>
/// <param name="OnlyCurrent">Right by the current alone.</param>
/// <param name="Neither">Wrong by both.</param>
public readonly record struct PairedProportions(int Both, int OnlyCandidate, int OnlyCurrent, int Neither)
{
    public int Count => Both + OnlyCandidate + OnlyCurrent + Neither;

    public double Candidate => (Both + OnlyCandidate) / (double)Count;

    public double Current => (Both + OnlyCurrent) / (double)Count;

    /// <summary>Candidate minus current.</summary>
    /// <param name="oneSided">Confidence of each end by itself, as 0.95.</param>
    public Interval Difference(double oneSided)
    {
        var z = Normal.InvCDF(0, 1, oneSided);
        var (p1, p2, difference) = (Candidate, Current, Candidate - Current);
        var (low1, high1) = Wilson(p1, Count, z);
        var (low2, high2) = Wilson(p2, Count, z);
        var phi = Correlation();
        var (d1, u1, d2, u2) = (p1 - low1, high1 - p1, p2 - low2, high2 - p2);
        var down = Math.Sqrt(Math.Max(0, d1 * d1 - 2 * phi * d1 * u2 + u2 * u2));
        var up = Math.Sqrt(Math.Max(0, u1 * u1 - 2 * phi * u1 * d2 + d2 * d2));
        return new Interval(difference, Math.Max(-1, difference - down), Math.Min(1, difference + up));
    }

    /// <summary>
    /// Two-sided probability of a split of the discordant examples at least so uneven by chance.
    /// </summary>
    public double McNemar()
    {
        var discordant = OnlyCandidate + OnlyCurrent;
        if (discordant == 0)
            return 1;
        return Math.Min(1, 2 * Binomial.CDF(0.5, discordant, Math.Min(OnlyCandidate, OnlyCurrent)));
    }

    /// <summary>
    /// Examples at which a candidate that is no worse passes with the given power, so many
    /// of them discordant.
    /// </summary>
    public static int Needed(double margin, double discordant, double oneSided, double power)
    {
        var z = Normal.InvCDF(0, 1, oneSided) + Normal.InvCDF(0, 1, power);
        return (int)Math.Ceiling(z * z * discordant / (margin * margin));
    }

    static (double Low, double High) Wilson(double p, int n, double z)
    {
        var centre = p + z * z / (2 * n);
        var half = z * Math.Sqrt(p * (1 - p) / n + z * z / (4.0 * n * n));
        var scale = 1 + z * z / n;
        return ((centre - half) / scale, (centre + half) / scale);
    }

    // With Newcombe's continuity correction of the product difference, where it is positive.
    double Correlation()
    {
        var (a, b, c, d) = ((double)Both, (double)OnlyCandidate, (double)OnlyCurrent, (double)Neither);
        var margins = (a + b) * (c + d) * (a + c) * (b + d);
        if (margins == 0)
            return 0;
        var product = a * d - b * c;
        if (product > 0)
            product = Math.Max(product - Count / 2.0, 0);
        return product / Math.Sqrt(margins);
    }
}
