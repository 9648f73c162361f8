using System;

namespace Plimsoll.Core.Timing;

/// <summary>
/// One way in which a prediction may be wrong, all terms at once. A model that has drawn it
/// (<see cref="StepTimeModel.Drawn"/>) predicts every figure as it would then be; a figure's interval lies
/// between quantiles of many draws, each with arrivals of its own seed.
/// </summary>
/// <param name="Index">Number of the draw: what varies with it, such as a seed, varies alike in everything
/// that is compared.</param>
/// <param name="Factors">Reality over prediction, term by term.</param>
/// <param name="FirstTokenFactor">Multiplies the time to a first token beyond that.</param>
/// <param name="FirstTokenShiftNs">
/// Added to the time before it is multiplied and taken off afterwards: of a short time, a first token's error
/// is milliseconds rather than a share.
/// </param>
public sealed record StepErrorDraw(
    int Index, StepScale Factors, double FirstTokenFactor, double FirstTokenShiftNs = 0)
{
    /// <summary>The prediction as it stands.</summary>
    public static StepErrorDraw None { get; } = new(0, StepScale.None, 1);

    public bool IsNone => Factors.IsNone && FirstTokenFactor == 1;

    /// <summary>The time to a first token whose steps give it so long, nanoseconds.</summary>
    public double FirstTokenNs(double ns) =>
        Math.Max(0, ((ns + FirstTokenShiftNs) * FirstTokenFactor) - FirstTokenShiftNs);

    /// <summary>What the steps may take of a limit on a first token, nanoseconds.</summary>
    public long FirstTokenLimitNs(long limitNs) =>
        Math.Max(1, (long)(((limitNs + FirstTokenShiftNs) / FirstTokenFactor) - FirstTokenShiftNs));
}
