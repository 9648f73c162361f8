using System;
using System.Collections.Generic;

namespace Plimsoll.Bench.Search;

/// <summary>
/// The share of requests that break one limit, as it grows with the rate: logit(share) = a + b·ln(rate).
/// Fitted to windows by maximum likelihood with a weak prior on b, so that a few windows without a single
/// break still give a line. Requests of a window are no independent draws: its variance is scaled by what
/// the windows themselves scatter (quasi-likelihood; McCullagh and Nelder, Generalized Linear Models,
/// section 4.5).
/// </summary>
static class BreakCurve
{
    /// <summary>
    /// Prior of the slope's logarithm. Where latency grows with the load breaks multiply by about e for each
    /// tenth of rate; where a queue decides they do for each hundredth.
    /// </summary>
    const double UsualSlope = 14;
    const double LogSlopeSpread = 0.45;
    const double MostSlope = 120;
    const int MostSteps = 80;

    /// <summary>Where the share reaches a target, and how sure that is.</summary>
    /// <param name="LogRate">Natural logarithm of the rate there.</param>
    /// <param name="StandardError">Of <paramref name="LogRate"/>.</param>
    public readonly record struct Crossing(double LogRate, double StandardError)
    {
        /// <summary>How the logit of the share grows over ln(rate).</summary>
        public double Slope => Fit.B;

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
        // The fit is in a and c = ln(b): a slope has a scale, and is never negative.
        var (a, c) = (Logit(share), Math.Log(UsualSlope));
        double aa = 0, ac = 0, cc = 0;
        for (var step = 0; step < MostSteps; step++)
        {
            // Half a break in every run: without it a run without any has its line at infinity.
            var b = Math.Exp(c);
            var start = Sigmoid(a);
            double ga = 0.5 - start, gc = (Math.Log(UsualSlope) - c) / (LogSlopeSpread * LogSlopeSpread);
            (aa, ac, cc) = (start * (1 - start), 0, 1 / (LogSlopeSpread * LogSlopeSpread));
            foreach (var (rate, requests, broken) in windows)
            {
                var x = b * (Math.Log(rate) - centre);
                var q = Sigmoid(a + x);
                var w = requests * q * (1 - q);
                ga += broken - requests * q;
                gc += (broken - requests * q) * x;
                aa += w;
                ac += w * x;
                cc += w * x * x;
            }
            var determinant = aa * cc - ac * ac;
            var (da, dc) = ((ga * cc - gc * ac) / determinant, (gc * aa - ga * ac) / determinant);
            a += Math.Clamp(da, -2, 2);
            c = Math.Clamp(c + Math.Clamp(dc, -0.5, 0.5), 0, Math.Log(MostSlope));
            if (Math.Abs(da) + Math.Abs(dc) < 1e-9)
                break;
        }
        return At(windows, share, centre, (a, Math.Exp(c)), (aa, ac, cc));
    }

    /// <summary>Where a fitted curve crosses; its error is from the information of a and ln(b).</summary>
    static Crossing At(
        IReadOnlyList<(double Rate, double Requests, double Broken)> windows, double share, double centre,
        (double A, double B) fit, (double Aa, double Ac, double Cc) information)
    {
        var (a, b) = fit;
        var (aa, ac, cc) = information;
        var at = (Logit(share) - a) / b;
        var scatter = Scatter(windows, a, b, centre);
        var area = aa * cc - ac * ac;
        var (va, vac, vc) = (scatter * cc / area, -scatter * ac / area, scatter * aa / area);
        // Gradient of (logit(share) − a)/b over a and ln(b).
        var (fa, fc) = (-1 / b, -at);
        var variance = fa * fa * va + 2 * fa * fc * vac + fc * fc * vc;
        return new Crossing(centre + at, Math.Sqrt(Math.Max(variance, 0)))
        {
            Fit = (centre, a - Logit(share), b),
            Covariance = (va, b * vac, b * b * vc),
        };
    }

    /// <summary>How much more windows scatter than independent requests would: Pearson's statistic over its
    /// freedom.</summary>
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
