using System;
using System.Collections.Generic;

namespace Plimsoll.Inputs.Workloads.Families;

/// <summary>
/// Fits the log-Gaussian Cox process to the index of dispersion (variance over mean of counts in a window):
/// IDC(w) = 1 + rate·w·(e^{σ²} − 1)·2(x − 1 + e^{−x})/x² with x = w/τ, by least squares on its logarithm.
/// </summary>
static class DispersionFit
{
    /// <summary>Windows a trace must hold at least, so that a variance means something.</summary>
    const int FewestWindows = 7;

    static readonly double[] Windows = [1, 2, 3, 5, 7, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300];

    public static (ArrivalSpec Arrivals, IReadOnlyList<IdcPoint> Idc, double RmsLogError) Of(
        IReadOnlyList<Arrival> arrivals, double rate)
    {
        var spanS = (arrivals[^1].AtNs - arrivals[0].AtNs) / 1e9;
        var measured = new List<(double WindowS, double Idc)>();
        foreach (var window in Windows)
        {
            if (window * FewestWindows <= spanS && Measure(arrivals, window) is > 0 and var idc)
                measured.Add((window, idc));
        }
        if (measured.Count == 0)
            return (new ArrivalSpec(0, 1), [], 0);
        var (sigma, tau) = Search(measured, rate, spanS);
        var points = new List<IdcPoint>();
        foreach (var (window, idc) in measured)
            points.Add(new IdcPoint(window, idc, Idc(rate, sigma, tau, window)));
        return (new ArrivalSpec(Math.Round(sigma, 4), Math.Round(tau, 3)), points,
            Error(measured, rate, sigma, tau));
    }

    /// <summary>The process's index of dispersion at a window.</summary>
    public static double Idc(double rate, double sigma, double tauS, double windowS)
    {
        var x = windowS / tauS;
        // 2(x − 1 + e^{−x})/x² tends to 1 and cancels badly for small x.
        var share = x < 1e-4 ? 1 - x / 3 : 2 * (x - 1 + Math.Exp(-x)) / (x * x);
        return 1 + rate * windowS * (Math.Exp(sigma * sigma) - 1) * share;
    }

    /// <summary>
    /// Variance over mean of counts, windows overlapping by three quarters to calm the estimate.
    /// </summary>
    public static double Measure(IReadOnlyList<Arrival> arrivals, double windowS)
    {
        const int Overlaps = 4;
        var firstNs = arrivals[0].AtNs;
        var stepS = windowS / Overlaps;
        var cells = (int)((arrivals[^1].AtNs - firstNs) / 1e9 / stepS);
        var counts = new int[cells];
        foreach (var arrival in arrivals)
        {
            var cell = (int)((arrival.AtNs - firstNs) / 1e9 / stepS);
            if (cell < cells)
                counts[cell]++;
        }
        double sum = 0, squares = 0;
        var windows = cells - Overlaps + 1;
        for (var i = 0; i < windows; i++)
        {
            double count = 0;
            for (var j = 0; j < Overlaps; j++)
                count += counts[i + j];
            sum += count;
            squares += count * count;
        }
        var mean = sum / windows;
        // Of the windows only every fourth is independent.
        var independent = Math.Max(2.0, (double)windows / Overlaps);
        return (squares / windows - mean * mean) / mean * independent / (independent - 1);
    }

    /// <summary>A grid over both parameters, refined around its best point.</summary>
    static (double Sigma, double TauS) Search(
        List<(double WindowS, double Idc)> measured, double rate, double spanS)
    {
        double sigma = 0, tau = 1, best = Error(measured, rate, 0, 1);
        double centreSigma = Math.Log(0.3), centreTau = Math.Log(20), reachSigma = Math.Log(30),
            reachTau = Math.Log(200);
        for (var round = 0; round < 6; round++)
        {
            for (var i = -20; i <= 20; i++)
            {
                for (var j = -20; j <= 20; j++)
                {
                    var s = Math.Exp(centreSigma + reachSigma * i / 20);
                    var t = Math.Exp(centreTau + reachTau * j / 20);
                    var error =
                        s > 3 || t < Windows[0] || t > spanS ? double.MaxValue : Error(measured, rate, s, t);
                    if (error < best)
                        (sigma, tau, best) = (s, t, error);
                }
            }
            if (sigma == 0)
                break;
            (centreSigma, centreTau) = (Math.Log(sigma), Math.Log(tau));
            reachSigma /= 4;
            reachTau /= 4;
        }
        return (sigma, tau);
    }

    static double Error(List<(double WindowS, double Idc)> measured, double rate, double sigma, double tau)
    {
        double sum = 0;
        foreach (var (window, idc) in measured)
        {
            var log = Math.Log(Idc(rate, sigma, tau, window) / idc);
            sum += log * log;
        }
        return Math.Sqrt(sum / measured.Count);
    }
}
