namespace Plimsoll.Core.Timing;

/// <summary>
/// How long a step takes: a model of an engine, or a formula. It never says less when
/// tokens or contexts grow.
/// </summary>
public interface IStepTimes
{
    /// <summary>Duration of the step, nanoseconds; 0 for an empty one.</summary>
    long PredictNs(in StepShape shape);

    /// <summary>How that time splits over what caused it; the parts sum to it.</summary>
    StepSplit Split(in StepShape shape);
}
