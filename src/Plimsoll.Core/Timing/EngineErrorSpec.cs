namespace Plimsoll.Core.Timing;

/// <summary>
/// How far runs of an engine that others measured lie from the kernels tier, nothing fitted: nine of ten lie
/// within the bands. They come from 1,900 points of InferenceMAX, vLLM 0.15's experiments, a load sweep and
/// ML.ENERGY, by engine and by whether experts are routed, each model on a card counting by the root of its
/// points: the 5th percentile of measured over the prediction on the fastest host seen, the 95th on the
/// slowest.
/// They span hosts and settings that nobody stated, so they are wide; a profile of one's own engine narrows
/// them.
/// </summary>
public sealed record EngineErrorSpec
{
    public required string Source { get; init; }

    public required string AsOf { get; init; }

    /// <summary>Step time of dense models.</summary>
    public required ErrorBand Dense { get; init; }

    /// <summary>Step time of models with routed experts.</summary>
    public required ErrorBand Experts { get; init; }

    /// <summary>What the error of a first token adds to that of the steps before it.</summary>
    public required ErrorBand FirstToken { get; init; }

    /// <summary>
    /// Nanoseconds per step that a sequence may cost the host less or more: hosts from those that hide a
    /// sequence's work to ML.ENERGY's, which need 50 µs where 15 are predicted.
    /// </summary>
    public required ErrorBand SequenceNs { get; init; }

    /// <summary>Share by which an unmeasured card may lie further off than the measured ones do.</summary>
    public required double DatasheetWidening { get; init; }

    /// <summary>The band of a tier without telemetry of one's own.</summary>
    public PredictionError Of(Tier tier, bool routedExperts)
    {
        var kernels =
            new PredictionError(routedExperts ? Experts : Dense, FirstToken) { SequenceNs = SequenceNs };
        return tier == Tier.Datasheet ? kernels.Widened(DatasheetWidening) : kernels;
    }
}
