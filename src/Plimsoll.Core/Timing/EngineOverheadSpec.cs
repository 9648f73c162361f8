namespace Plimsoll.Core.Timing;

/// <summary>
/// What an engine's host does around the kernels. Per step <c>o0 + oq·sequences + oT·tokens</c>, hidden
/// behind the accelerator when the engine schedules one step ahead.
/// </summary>
public sealed record EngineOverheadSpec
{
    public required string Source { get; init; }

    public required string AsOf { get; init; }

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

    /// <summary>Whether steps with prompt chunks are replayed from graphs too.</summary>
    public bool GraphsPrompts { get; init; } = true;

    /// <summary>Request time outside the engine's steps: API, tokenizing, hand-over in and out.</summary>
    public required double RequestNs { get; init; }

    /// <summary>The same per prompt token: tokenizing, transport, hashing, before the first step.</summary>
    public double RequestTokenNs { get; init; }

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
            RequestTokenNs = RequestTokenNs * scale[StepTerm.Request],
        };
}
