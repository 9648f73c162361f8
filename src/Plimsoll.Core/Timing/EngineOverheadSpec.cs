using Plimsoll.Core.Hardware;


namespace Plimsoll.Core.Timing;

/// <summary>
/// What an engine's host does around the kernels. Per step <c>o0 + oq·sequences + oT·tokens</c>, hidden
/// behind the accelerator when the engine schedules one step ahead.
/// </summary>
public sealed record EngineOverheadSpec
{
    public required string Engine { get; init; }

    public required string Source { get; init; }

    /// <summary>Whether the host prepares the next step while the accelerator runs this one.</summary>
    public required bool Overlaps { get; init; }

    /// <summary>
    /// Steps already decided when a request arrives, beyond the one that runs: with asynchronous scheduling
    /// the next step is planned while this one executes, so a newcomer waits for both.
    /// </summary>
    public required int StepsAhead { get; init; }

    /// <summary>Host work per step, nanoseconds.</summary>
    public required double StepNs { get; init; }

    public required double SequenceNs { get; init; }

    public required double TokenNs { get; init; }

    /// <summary>
    /// Part of every step that nothing hides: input copy, sampling hand-over, output wake-up.
    /// </summary>
    public required double ExposedNs { get; init; }

    /// <summary>
    /// Part per sequence that nothing hides: sampling hand-over, detokenising and streaming, which share the
    /// host with the engine.
    /// </summary>
    public required double ExposedSequenceNs { get; init; }

    /// <summary>Time per sequence that adds to the step, however long the accelerator takes.</summary>
    public double UnhiddenSequenceNs => ExposedSequenceNs + (Overlaps ? 0 : SequenceNs);

    /// <summary>Gap between two kernels replayed from a CUDA graph.</summary>
    public required double GraphGapNs { get; init; }

    /// <summary>Host time to launch one kernel outside a graph.</summary>
    public required double LaunchNs { get; init; }

    /// <summary>Largest batch, tokens, that is replayed from a graph.</summary>
    public required int GraphTokens { get; init; }

    /// <summary>Request time outside the engine's steps: API, tokenizing, hand-over in and out.</summary>
    public required double RequestNs { get; init; }

    /// <summary>The same engine with its host times multiplied.</summary>
    public EngineOverheadSpec Scaled(StepScale scale) => scale.IsNone
        ? this
        : this with
        {
            StepNs = StepNs * scale[StepTerm.Host],
            TokenNs = TokenNs * scale[StepTerm.Host],
            ExposedNs = ExposedNs * scale[StepTerm.Host],
            LaunchNs = LaunchNs * scale[StepTerm.Host],
            SequenceNs = SequenceNs * scale[StepTerm.HostSequences],
            ExposedSequenceNs = ExposedSequenceNs * scale[StepTerm.HostSequences],
            RequestNs = RequestNs * scale[StepTerm.Request],
        };

    /// <summary>The engine of that name and release; an unknown one is treated as vLLM.</summary>
    public static EngineOverheadSpec Of(EngineSettings engine) => engine.Engine switch
    {
        "trtllm" => TensorRtLlm,
        "sglang" => SgLang,
        _ => engine.IsBefore(0, 14) ? VllmSynchronous : Vllm,
    };

    /// <summary>
    /// vLLM v1 from 0.14 on, where asynchronous scheduling is the default. Exposed time and request time
    /// from the lightly loaded stages of dense models on H100 under vLLM 0.15.1
    /// (inference-sim/sim-to-real-accuracy-validation): with 0.3 ms exposed the inter-token latency of
    /// Llama-70B TP 4, Yi-34B TP 2 and Qwen-7B TP 1 comes out within 6 %, Mistral-Nemo 3 to 8 % high; TTFT
    /// exceeds the steps, one of them planned ahead, by 5 to 9 ms. Exposed time per sequence is what the
    /// dense groups of InferenceMAX ask for at 1024/1024: 12 to 25 µs under all three engines. Slower hosts
    /// take more: ML.ENERGY's H100 runs of Llama-3.1-8B 50 µs.
    /// </summary>
    public static EngineOverheadSpec Vllm { get; } = new()
    {
        Engine = "vllm",
        Source = "vLLM 0.15.1 experiments on H100; kernel gaps of CUDA graphs",
        Overlaps = true,
        StepsAhead = 1,
        StepNs = 1_500_000,
        SequenceNs = 8_000,
        TokenNs = 100,
        ExposedNs = 300_000,
        ExposedSequenceNs = 15_000,
        GraphGapNs = 1_000,
        LaunchNs = 5_000,
        GraphTokens = 512,
        RequestNs = 7_000_000,
    };

    /// <summary>
    /// vLLM v1 before asynchronous scheduling: the accelerator waits while the host schedules.
    /// </summary>
    public static EngineOverheadSpec VllmSynchronous { get; } = Vllm with
    {
        Source = "as vLLM 0.15.1, without asynchronous scheduling",
        Overlaps = false,
        StepsAhead = 0,
    };

    /// <summary>TensorRT-LLM's PyTorch runtime with its overlap scheduler.</summary>
    public static EngineOverheadSpec TensorRtLlm { get; } = Vllm with
    {
        Engine = "trtllm",
        Source = "as vLLM; not separately measured",
    };

    /// <summary>SGLang with its overlap scheduler.</summary>
    public static EngineOverheadSpec SgLang { get; } = Vllm with
    {
        Engine = "sglang",
        Source = "as vLLM; not separately measured",
    };
}
