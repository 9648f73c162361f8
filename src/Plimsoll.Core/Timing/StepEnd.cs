using System;

namespace Plimsoll.Core.Timing;

/// <summary>The prediction, or one end of its interval: what becomes of every predicted step.</summary>
/// <param name="Factor">Multiplies the step.</param>
/// <param name="SequenceNs">Added per sequence before that, nanoseconds; negative at the fast end, where it
/// takes no more off than the prediction holds for sequences.</param>
/// <param name="FirstTokenFactor">Multiplies the time to a first token beyond that.</param>
public readonly record struct StepEnd(double Factor, double SequenceNs, double FirstTokenFactor)
{
    public static StepEnd Predicted { get; } = new(1, 0, 1);

    public bool IsPredicted => this == Predicted;

    /// <summary>The step at this end, nanoseconds.</summary>
    public long Of(long stepNs, in StepShape shape) => IsPredicted
        ? stepNs
        : (long)(Factor
            * Math.Max(stepNs / 4, stepNs + (SequenceNs * (shape.Decodes + shape.PrefillChunks))));
}
