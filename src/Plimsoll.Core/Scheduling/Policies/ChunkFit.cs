using System;
using Plimsoll.Core.Timing;

namespace Plimsoll.Core.Scheduling.Policies;

/// <summary>How much of a prompt a step has time for.</summary>
sealed class ChunkFit(StepPredictor predictor)
{
    /// <summary>How closely a chunk is fitted to the time there is, tokens.</summary>
    public const int Step = 16;

    /// <summary>
    /// The largest chunk whose step ends in time, to sixteen tokens. Time is almost a straight line over
    /// tokens, so the chord between a chunk that fits and one that does not is tried first; every third try
    /// halves what is left, whatever the curve.
    /// </summary>
    /// <param name="step">What the step holds already.</param>
    /// <param name="start">Tokens of the prompt before the chunk.</param>
    /// <param name="most">Tokens of the largest chunk that is allowed.</param>
    /// <param name="ends">Whether that one ends the prompt.</param>
    /// <param name="budgetNs">Time the whole step may take.</param>
    public int Largest(in StepShape step, int start, int most, bool ends, long budgetNs)
    {
        if (most <= 0)
            return 0;
        var breaksNs = BoundNs(step, start, most, ends);
        if (breaksNs <= budgetNs)
            return most;
        int fits = 0, breaks = most;
        var fitsNs = predictor.BoundNs(step);
        if (fitsNs >= budgetNs)
            return 0;
        for (var tries = 1; breaks - fits > Step; tries++)
        {
            var share = (double)(budgetNs - fitsNs) / (breaksNs - fitsNs);
            var tried = tries % 3 == 0 ? (fits + breaks) / 2 : fits + (int)(share * (breaks - fits));
            tried = Math.Clamp(tried, fits + Step, Math.Max(fits + Step, breaks - Step));
            var triedNs = BoundNs(step, start, tried, ends: false);
            if (triedNs <= budgetNs)
                (fits, fitsNs) = (tried, triedNs);
            else
                (breaks, breaksNs) = (tried, triedNs);
        }
        return fits;
    }

    long BoundNs(in StepShape step, int start, int tokens, bool ends)
    {
        var shape = step;
        shape.AddChunk(start, tokens, ends);
        return predictor.BoundNs(shape);
    }
}
