namespace Plimsoll.Core.Timing;

/// <summary>
/// How far engines measured by others lie from the prediction. The kernels and datasheet bands are the 5th and
/// 95th percentile of measured over predicted means, nothing fitted, over the closed-loop points of InferenceMAX
/// and its replications, by engine and by whether experts are routed. <c>plimsoll validate</c> prints how often
/// they hold for groups left out of them and for other data.
/// </summary>
/// <param name="Step">Time of a step, and so of the gap between tokens and of the throughput.</param>
/// <param name="FirstToken">
/// Time to the first token at a given load. TensorRT-LLM and SGLang were measured streaming 10 to 30 tokens at a
/// time, so what their clients called the first token came late; the band says so.
/// </param>
public readonly record struct PredictionError(ErrorBand Step, ErrorBand FirstToken)
{
    /// <summary>The band of a tier for an engine without telemetry of its own.</summary>
    public static PredictionError Of(Tier tier, string engine, bool routedExperts) => tier == Tier.Datasheet
        ? new(Datasheet(engine, routedExperts), DatasheetFirstToken(engine))
        : new(Kernels(engine, routedExperts), KernelsFirstToken(engine));

    public PredictionError Widened(double share) => new(Step.Widened(share), FirstToken.Widened(share));

    static ErrorBand Kernels(string engine, bool routedExperts) => (engine, routedExperts) switch
    {
        ("trtllm", false) => new(0.85, 1.26),
        ("trtllm", true) => new(0.78, 1.42),
        ("sglang", false) => new(0.64, 1.55),
        ("sglang", true) => new(0.78, 1.45),
        (_, false) => new(0.86, 1.16),
        (_, true) => new(0.79, 1.65),
    };

    static ErrorBand KernelsFirstToken(string engine) => engine switch
    {
        "trtllm" => new(0.86, 5.0),
        "sglang" => new(0.95, 7.0),
        _ => new(0.74, 1.8),
    };

    static ErrorBand Datasheet(string engine, bool routedExperts) => (engine, routedExperts) switch
    {
        ("trtllm", false) => new(0.81, 1.9),
        ("trtllm", true) => new(0.75, 1.5),
        ("sglang", false) => new(0.61, 2.0),
        ("sglang", true) => new(0.83, 1.6),
        (_, false) => new(0.79, 1.27),
        (_, true) => new(0.84, 1.75),
    };

    static ErrorBand DatasheetFirstToken(string engine) => engine switch
    {
        "trtllm" => new(0.92, 5.3),
        "sglang" => new(0.95, 9.0),
        _ => new(0.85, 2.2),
    };
}
