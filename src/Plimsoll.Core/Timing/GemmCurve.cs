using System;
using Plimsoll.Core.Models;

namespace Plimsoll.Core.Timing;

/// <summary>
/// Matrix products of one weight format: measured time over a smooth reference, on a grid of m rows
/// (tokens), n columns and k depth. Between knots the ratio is linear in the logarithms; outside it stays.
/// </summary>
public sealed record GemmCurve
{
    /// <summary>
    /// Start-up that the reference grants every kernel, so that ratios stay near one at tiny sizes.
    /// </summary>
    public const double LaunchNs = 2_000;

    public required NumberFormat Weights { get; init; }

    /// <summary>Scales per 128 × 128 block of weights (DeepSeek's format) instead of per tensor.</summary>
    public bool BlockScaled { get; init; }

    public required int[] M { get; init; }

    public required int[] N { get; init; }

    public required int[] K { get; init; }

    /// <summary>Time over reference in thousandths, m outermost, k innermost.</summary>
    public required int[] RatioMille { get; init; }

    /// <summary>Launch, bytes and FLOPs simply added: smooth, so that the ratio interpolates well.</summary>
    public static double ReferenceNs(RooflineSpec peak, double m, double n, double k, NumberFormat weights) =>
        LaunchNs
        + (n * k * weights.BytesPerElement() + 2 * m * (n + k)) / peak.BytesPerNs
        + 2 * m * n * k / peak.FlopsPerNs(weights);

    /// <summary>Predicted time of one product, nanoseconds, never below the roofline.</summary>
    public double Ns(RooflineSpec peak, double m, double n, double k)
    {
        var measured = Ratio(m, n, k) * ReferenceNs(peak, m, n, k, Weights);
        return Math.Max(measured, peak.GemmFloorNs(m, n, k, Weights));
    }

    double Ratio(double m, double n, double k)
    {
        var (mi, mf) = Knots.Locate(M, m);
        var (ni, nf) = Knots.Locate(N, n);
        var (ki, kf) = Knots.Locate(K, k);
        var sum = 0.0;
        for (var corner = 0; corner < 8; corner++)
        {
            var a = corner & 1;
            var b = (corner >> 1) & 1;
            var c = corner >> 2;
            var weight = (a == 0 ? 1 - mf : mf) * (b == 0 ? 1 - nf : nf) * (c == 0 ? 1 - kf : kf);
            if (weight > 0)
            {
                sum += weight * RatioMille[(((mi + a) * N.Length) + ni + b) * K.Length + ki + c];
            }
        }
        return sum / 1000;
    }
}
