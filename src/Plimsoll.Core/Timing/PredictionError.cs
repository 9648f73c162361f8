using System;

namespace Plimsoll.Core.Timing;

/// <summary>
/// How far engines lie from the prediction: nine of ten lie between the fast and the slow end.
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

    /// <summary>
    /// The fast end of the interval. The parts err independently: to the step's end a first token adds what
    /// makes both together nine of ten, and a sequence a third of its own.
    /// </summary>
    public StepEnd Fast => new(Step.Low, SequenceNs.Low / 3, Middle(FirstToken) / Math.Exp(
        Added(Math.Log(Middle(Step) / Step.Low), Math.Log(Middle(FirstToken) / FirstToken.Low))));

    /// <summary>The slow end of the interval.</summary>
    public StepEnd Slow => new(Step.High, SequenceNs.High / 3, Middle(FirstToken) * Math.Exp(
        Added(Math.Log(Step.High / Middle(Step)), Math.Log(FirstToken.High / Middle(FirstToken)))));

    /// <summary>What a second error adds to a first one's end.</summary>
    static double Added(double first, double second) =>
        Math.Sqrt((first * first) + (second * second)) - first;

    static double Middle(ErrorBand band) => Math.Sqrt(band.Low * band.High);

    public PredictionError Widened(double share) =>
        this with { Step = Step.Widened(share), FirstToken = FirstToken.Widened(share) };
}
