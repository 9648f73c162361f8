namespace Plimsoll.Core.Timing;

/// <summary>
/// How far engines measured by others lie from the prediction, nothing fitted: nine of ten lie between the
/// fast and the slow end. The bands come from 1,900 points of InferenceMAX, vLLM 0.15's experiments, a load
/// sweep and ML.ENERGY, by engine and by whether experts are routed, each model on a card counting by the
/// root of its points: the 5th percentile of measured over the prediction on the fastest host seen, the 95th
/// on the slowest. They span hosts and settings that nobody stated, so they are wide; a profile of one's own
/// engine narrows them. <c>plimsoll validate --set intervals</c> prints how often such bands hold for models
/// and cards left out of them.
/// </summary>
/// <param name="Step">Time of a step, and so of the gap between tokens and of the throughput.</param>
/// <param name="FirstToken">
/// What the error of a first token adds to that of the steps before it. TensorRT-LLM and SGLang were measured
/// streaming 10 to 30 tokens at a time, so what their clients called the first token came late; the band says
/// so.
/// </param>
public readonly record struct PredictionError(ErrorBand Step, ErrorBand FirstToken)
{
    /// <summary>
    /// What a sequence may cost the host less or more than predicted, nanoseconds per step. It weighs on
    /// small models in large batches and on nothing else, so it is no part of <see cref="Step"/>.
    /// </summary>
    public ErrorBand SequenceNs { get; init; }

    /// <summary>The fast end of the interval.</summary>
    public StepEnd Fast => new(Step.Low, SequenceNs.Low, FirstToken.Low);

    /// <summary>The slow end of the interval.</summary>
    public StepEnd Slow => new(Step.High, SequenceNs.High, FirstToken.High);

    /// <summary>
    /// Hosts from those that hide a sequence's work to ML.ENERGY's, which need 50 µs where 15 are predicted.
    /// </summary>
    public static ErrorBand HostsSeen { get; } = new(-15_000, 35_000);

    /// <summary>
    /// An unmeasured card may lie further off than the measured ones do under datasheet curves.
    /// </summary>
    const double DatasheetWidening = 0.2;

    /// <summary>The band of a tier for an engine without telemetry of its own.</summary>
    public static PredictionError Of(Tier tier, string engine, bool routedExperts)
    {
        var kernels = new PredictionError(Kernels(engine, routedExperts), KernelsFirstToken(engine))
            { SequenceNs = HostsSeen };
        return tier == Tier.Datasheet ? kernels.Widened(DatasheetWidening) : kernels;
    }

    public PredictionError Widened(double share) =>
        this with { Step = Step.Widened(share), FirstToken = FirstToken.Widened(share) };

    static ErrorBand Kernels(string engine, bool routedExperts) => (engine, routedExperts) switch
    {
        ("trtllm", false) => new(0.89, 1.91),
        ("trtllm", true) => new(0.59, 1.60),
        ("sglang", false) => new(0.76, 2.57),
        ("sglang", true) => new(0.81, 2.65),
        (_, false) => new(0.93, 1.29),
        (_, true) => new(0.51, 1.66),
    };

    static ErrorBand KernelsFirstToken(string engine) => engine switch
    {
        "trtllm" => new(1.0, 2.8),
        "sglang" => new(1.0, 5.3),
        _ => new(0.93, 1.52),
    };
}
