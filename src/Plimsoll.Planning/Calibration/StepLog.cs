using System;
using System.Collections.Generic;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Timing;
using Plimsoll.Planning.Catalogues;

namespace Plimsoll.Planning.Calibration;

/// <summary>What an engine computed in one step, and how long that took.</summary>
public readonly record struct MeasuredStep(StepShape Shape, double DurationNs);

/// <summary>Steps that an engine logged of itself: fitted one by one, without a simulation.</summary>
public sealed record StepLog
{
    /// <summary>
    /// Steps of one log share their conditions, so together they tell no more than this many runs would.
    /// </summary>
    const double MostWeight = 200;

    public required string Name { get; init; }

    public required Deployment Deployment { get; init; }

    public required IReadOnlyList<MeasuredStep> Steps { get; init; }

    /// <summary>The model of the steps at a scale.</summary>
    public StepTimeModel ModelAt(StepScale scale) => StepTimeCatalogue.ModelOf(Deployment, scale);

    /// <summary>Predicted over measured total time, as a logarithm: what a run of these steps would miss by.</summary>
    public double LogError(StepScale scale)
    {
        var model = ModelAt(scale);
        double predicted = 0, measured = 0;
        foreach (var step in Steps)
        {
            predicted += model.PredictNs(step.Shape);
            measured += step.DurationNs;
        }
        return Math.Log(predicted / measured);
    }

    internal void Linearise(StepScale scale, double[] at, List<LogResidual> residuals)
    {
        var model = ModelAt(scale);
        var weight = Math.Min(1, MostWeight / Steps.Count);
        foreach (var step in Steps)
            residuals.Add(new LogResidual(step.DurationNs, TermVector.Of(model, step.Shape), at, weight));
    }
}
