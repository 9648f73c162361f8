namespace Plimsoll.Core.Timing;

/// <summary>
/// How far engines lie from the prediction: nine of ten lie within each band.
/// <see cref="EngineErrorSpec"/> has them where nothing was fitted, a profile where something was.
/// </summary>
/// <param name="Step">Time of a step, and so of the gap between tokens and of the throughput.</param>
/// <param name="FirstToken">What the error of a first token adds to that of the steps before it.</param>
public readonly record struct PredictionError(ErrorBand Step, ErrorBand FirstToken)
{
    /// <summary>
    /// What a sequence may cost the host less or more than predicted, nanoseconds per step. It weighs on
    /// small models in large batches and on nothing else, so it is no part of <see cref="Step"/>.
    /// </summary>
    public ErrorBand SequenceNs { get; init; }

    public PredictionError Widened(double share) =>
        this with { Step = Step.Widened(share), FirstToken = FirstToken.Widened(share) };
}
