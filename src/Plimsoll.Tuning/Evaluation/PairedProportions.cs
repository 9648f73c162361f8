using System;
using MathNet.Numerics.Distributions;

namespace Plimsoll.Tuning.Evaluation;

/// <summary>
/// Candidate and current on the same examples, right or wrong on each. Interval of the difference: the score
/// of Tango 1998, "Equivalence test and confidence interval for the difference in proportions for the
/// paired-sample design". Where few examples differ, Newcombe's of the same year lets up to 5.6 % pass at the
/// margin, Tango's 5.0 %. Test: McNemar's, exact.
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
        var difference = (OnlyCandidate - OnlyCurrent) / (double)Count;
        return new Interval(difference, End(-1, difference, z), End(1, difference, -z));
    }

    // The score falls as the supposed difference grows: where it meets z is the end.
    double End(double outer, double inner, double z)
    {
        for (var i = 0; i < 60; i++)
        {
            var middle = (outer + inner) / 2;
            if (Math.Abs(Score(middle)) > Math.Abs(z))
                outer = middle;
            else
                inner = middle;
        }
        return (outer + inner) / 2;
    }

    /// <summary>By how many standard errors the data lie above a supposed difference.</summary>
    double Score(double difference)
    {
        var (n, b, c) = ((double)Count, (double)OnlyCandidate, (double)OnlyCurrent);
        // The likeliest share of the current's own under that difference: the root of a quadratic.
        var linear = -b - c + (2 * n - b + c) * difference;
        var root = Math.Sqrt(Math.Max(0, linear * linear + 8 * n * c * difference * (1 - difference)));
        var share = (root - linear) / (4 * n);
        var variance = n * (2 * share + difference * (1 - difference));
        var above = b - c - n * difference;
        return variance > 0 ? above / Math.Sqrt(variance) : above == 0 ? 0 : Math.CopySign(1e9, above);
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
}
