using System;

namespace Plimsoll.Engine;

/// <summary>
/// A first token's time, in the floor and the four parts above it, nanoseconds. They sum to it exactly and
/// none is negative.
/// </summary>
/// <param name="RooflineNs">The prompt's work at the machine's peaks.</param>
/// <param name="BestKernelNs">What the best rate that this file was seen to reach adds.</param>
/// <param name="ThisKernelNs">What the sizes of step that the prompt was computed in add.</param>
/// <param name="SchedulingNs">Others' work in its steps, steps without it, the time between steps.</param>
/// <param name="WaitingNs">From its arrival to the first step that it was in.</param>
public readonly record struct FirstTokenGap(
    double RooflineNs, double BestKernelNs, double ThisKernelNs, double SchedulingNs, double WaitingNs)
{
    public double TotalNs => RooflineNs + BestKernelNs + ThisKernelNs + SchedulingNs + WaitingNs;

    /// <summary>The floor and the parts in order, by the names they are shown under.</summary>
    public (string Name, double Ns)[] Parts =>
    [
        ("roofline", RooflineNs), ("best kernel", BestKernelNs), ("this kernel", ThisKernelNs),
        ("scheduling", SchedulingNs), ("waiting", WaitingNs),
    ];

    /// <param name="ttftNs">From arrival to first token.</param>
    /// <param name="waitingNs">Of it, before its first step.</param>
    /// <param name="ownNs">Of the rest, what its own tokens took.</param>
    /// <param name="bestNs">They would have taken at the best rate.</param>
    /// <param name="rooflineNs">They must take.</param>
    public static FirstTokenGap Of(
        double ttftNs, double waitingNs, double ownNs, double bestNs, double rooflineNs)
    {
        // A step may beat what was seen before it; then that step is the best, and the floor lies under it.
        var own = Math.Clamp(ownNs, 0, ttftNs - waitingNs);
        var best = Math.Min(bestNs, own);
        var roofline = Math.Min(rooflineNs, best);
        return new FirstTokenGap(
            roofline, best - roofline, own - best, ttftNs - waitingNs - own, waitingNs);
    }

    public static FirstTokenGap operator +(FirstTokenGap a, FirstTokenGap b) => new(
        a.RooflineNs + b.RooflineNs, a.BestKernelNs + b.BestKernelNs, a.ThisKernelNs + b.ThisKernelNs,
        a.SchedulingNs + b.SchedulingNs, a.WaitingNs + b.WaitingNs);

    public static FirstTokenGap operator /(FirstTokenGap a, double by) => new(
        a.RooflineNs / by, a.BestKernelNs / by, a.ThisKernelNs / by, a.SchedulingNs / by, a.WaitingNs / by);
}
