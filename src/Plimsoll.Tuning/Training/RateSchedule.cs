using System;

namespace Plimsoll.Tuning.Training;

/// <summary>
/// The learning rate over a run: linear warm-up, constant, linear to zero over the last share.
/// </summary>
public static class RateSchedule
{
    /// <param name="step">From 0.</param>
    /// <returns>Factor of the rate, above 0 and at most 1.</returns>
    public static double At(int step, int steps, int warmupSteps, double decayShare)
    {
        var warm = warmupSteps == 0 ? 1 : Math.Min(1, (step + 1.0) / warmupSteps);
        var decaySteps = decayShare * steps;
        var left = decaySteps == 0 ? 1 : Math.Min(1, (steps - step) / decaySteps);
        return Math.Min(warm, left);
    }
}
