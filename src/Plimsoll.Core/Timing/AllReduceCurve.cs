using System;

namespace Plimsoll.Core.Timing;

/// <summary>
/// Measured all-reduce over a tensor-parallel group: latency floor, then bandwidth. As replayed from a CUDA
/// graph: what launching adds is the host's, and hidden while the accelerator is busy.
/// </summary>
public sealed record AllReduceCurve
{
    public required int Ranks { get; init; }

    /// <summary>Message sizes, bytes, ascending.</summary>
    public required int[] Bytes { get; init; }

    public required int[] Ns { get; init; }

    /// <summary>Time of one all-reduce, linear between knots; the last knot's bandwidth beyond.</summary>
    public double At(double bytes)
    {
        if (bytes <= Bytes[0])
        {
            return Ns[0];
        }
        var i = 1;
        while (i < Bytes.Length - 1 && Bytes[i] < bytes)
        {
            i++;
        }
        var slope = (double)(Ns[i] - Ns[i - 1]) / (Bytes[i] - Bytes[i - 1]);
        return Ns[i - 1] + Math.Max(0, slope * (bytes - Bytes[i - 1]));
    }
}
