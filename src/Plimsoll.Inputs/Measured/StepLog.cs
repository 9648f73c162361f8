using System;
using System.Collections.Generic;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;

namespace Plimsoll.Inputs.Measured;

/// <summary>What an engine computed in one step, and how long that took.</summary>
public readonly record struct MeasuredStep(StepShape Shape, double DurationNs);

/// <summary>Steps that an engine logged of itself: fitted one by one, without a simulation.</summary>
public sealed record StepLog
{
    public required string Name { get; init; }

    public required Deployment Deployment { get; init; }

    public required IReadOnlyList<MeasuredStep> Steps { get; init; }

    /// <summary>Mean context of a sequence in a step; of its prompts where nothing decoded.</summary>
    public long MeanContextTokens
    {
        get
        {
            long decodes = 0, decoded = 0, chunks = 0, prompts = 0;
            foreach (var (shape, _) in Steps)
            {
                decodes += shape.Decodes;
                decoded += shape.DecodeContextTokens;
                chunks += shape.PrefillChunks;
                prompts += shape.PrefillContextTokens;
            }
            return decodes > 0 ? decoded / decodes : prompts / Math.Max(1, chunks);
        }
    }

    /// <summary>The model of the steps at a scale.</summary>
    public StepTimeModel ModelAt(StepScale scale) => StepTimeCatalogue.ModelOf(Deployment, scale);

    /// <summary>
    /// Predicted over measured total time, as a logarithm: what a run of these steps would miss by.
    /// </summary>
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
}
