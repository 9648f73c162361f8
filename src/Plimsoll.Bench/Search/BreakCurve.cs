using System;
using System.Collections.Generic;

namespace Plimsoll.Bench.Search;

/// <summary>
/// The share of requests that break one limit, as it grows with the rate: logit(share) = a +
/// b·ln(rate). Fitted to windows by maximum likelihood with a weak prior on b, so that a few windows
/// without a single break still give a line. Requests of a window are no independent draws: its
/// variance is scaled by what the windows themselves scatter (quasi-likelihood; McCullagh and Nelder,
/// Generalized Linear Models, section 4.5).
/// </summary>
static class BreakCurve
{
    /// <summary>
    /// Prior of the slope: breaks multiply by about e for each tenth of rate near the line.
    /// </summary>
    const double UsualSlope = 12;
    const double SlopeSpread = 6;
    const int MostSteps = 60;

    /// <summary>Where the share reaches a target, and how sure that is.</summary>
    /// <param name="LogRate">Natural logarithm of the rate there.</param>
    /// <param name="StandardError">Of <paramref name="LogRate"/>.</param>
    public readonly record struct Crossing(double LogRate, double StandardError)
    {
        /// <summary>Logit of the share, less the target's, over ln(rate): a and b at a centre.</summary>
        internal (double Centre, double A, double B) Fit { get; init; }

        /// <summary>Covariance of a and b.</summary>
        internal (double Aa, double Ab, double Bb) Covariance { get; init; }

        /// <summary>Whether the share at a rate is below the target by so many standard errors.</summary>
        public bool IsBelowAt(double logRate, double reach)
        {
            var x = logRate - Fit.Centre;
            var variance = Covariance.Aa + (2 * x * Covariance.Ab) + (x * x * Covariance.Bb);
            return Fit.A + (Fit.B * x) + (reach * Math.Sqrt(Math.Max(0, variance))) < 0;
        }
    }

    /// <param name="windows">Rate, requests and broken ones of each window; at least one.</param>
    /// <param name="share">The share that a promise allows.</param>
    public static Crossing Find(IReadOnlyList<(double Rate, double Requests, double Broken)> windows,
        double share)
    {
        var centre = 0.0;
        var weight = 0.0;
        foreach (var (rate, requests, _) in windows)
        {
            centre += requests * Math.Log(rate);
            weight += requests;
        }
        centre /= Math.Max(weight, 1e-9);
        var (a, b) = (Logit(share), UsualSlope);
        double aa = 0, ab = 0, bb = 0;
        for (var step = 0; step < MostSteps; step++)
        {
            // Half a break in every run: without it a run without any has its line at infinity.
            var start = Sigmoid(a);
            double ga = 0.5 - start, gb = (UsualSlope - b) / (SlopeSpread * SlopeSpread);
            (aa, ab, bb) = (start * (1 - start), 0, 1 / (SlopeSpread * SlopeSpread));
            foreach (var (rate, requests, broken) in windows)
            {
                var x = Math.Log(rate) - centre;
                var q = Sigmoid(a + b * x);
                var w = requests * q * (1 - q);
                ga += broken - requests * q;
                gb += (broken - requests * q) * x;
                aa += w;
                ab += w * x;
                bb += w * x * x;
            }
            var determinant = aa * bb - ab * ab;
            var (da, db) = ((ga * bb - gb * ab) / determinant, (gb * aa - ga * ab) / determinant);
            a += Math.Clamp(da, -2, 2);
            b = Math.Clamp(b + Math.Clamp(db, -4, 4), 1, 80);
            if (Math.Abs(da) + Math.Abs(db) < 1e-9)
                break;
        }
        var at = (Logit(share) - a) / b;
        var scatter = Scatter(windows, a, b, centre);
        var area = aa * bb - ab * ab;
        var (va, vab, vb) = (scatter * bb / area, -scatter * ab / area, scatter * aa / area);
        // Gradient of (logit(share) − a)/b over a and b.
        var (fa, fb) = (-1 / b, -at / b);
        var variance = fa * fa * va + 2 * fa * fb * vab + fb * fb * vb;
        return new Crossing(centre + at, Math.Sqrt(Math.Max(variance, 0)))
        {
            Fit = (centre, a - Logit(share), b),
            Covariance = (va, vab, vb),
        };
    }

    /// <summary>
    /// How much more windows scatter than independent requests would: Pearson's statistic over its freedom.
    /// </summary>
    static double Scatter(
        IReadOnlyList<(double Rate, double Requests, double Broken)> windows, double a, double b,
            double centre)
    {
        double sum = 0;
        foreach (var (rate, requests, broken) in windows)
        {
            var q = Sigmoid(a + b * (Math.Log(rate) - centre));
            var difference = broken - requests * q;
            sum += difference * difference / Math.Max(requests * q * (1 - q), 0.5);
        }
        return Math.Max(1, sum / Math.Max(1, windows.Count - 2));
    }

    static double Logit(double share) => Math.Log(share / (1 - share));

    static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
}
