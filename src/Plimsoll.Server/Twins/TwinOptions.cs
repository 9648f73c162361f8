using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;

namespace Plimsoll.Server.Twins;

/// <summary>What a twin is told of the engine that it runs along with, and of the promise it keeps.</summary>
public sealed record TwinOptions
{
    /// <summary>The engine's limits; its policy is one without deadlines, as vLLM's are.</summary>
    public required SchedulerOptions Limits { get; init; }

    /// <summary>How long the engine's steps take; a running ratio corrects it.</summary>
    public required StepTimeModel StepTime { get; init; }

    /// <summary>Time to the first token that interactive requests are promised, nanoseconds.</summary>
    public long TtftNs { get; init; } = 500_000_000;

    /// <summary>Gap between tokens that they are promised, nanoseconds.</summary>
    public long ItlNs { get; init; } = 75_000_000;

    /// <summary>Where the guess of the way of a request and its first token starts, nanoseconds.</summary>
    public long ReturnNs { get; init; } = 5_000_000;

    /// <summary>Whether that guess is corrected by what comes back.</summary>
    public bool LearnsReturn { get; init; } = true;

    /// <summary>Share of gaps that a release may make late.</summary>
    public double LateShare { get; init; } = 0.048;

    /// <summary>Whether a prompt that does not fit a step whole may be sent in growing pieces.</summary>
    public bool Slices { get; init; } = true;

    /// <summary>Batch prompts, or pieces of them, that may be in prefill at once.</summary>
    public int PromptsInFlight { get; init; } = 2;

    /// <summary>Whether batch lines are put out when somebody's first token would be late.</summary>
    public bool Pauses { get; init; } = true;

    /// <summary>
    /// Margin of predictions against the promise: three times by how much steps usually miss theirs, so that
    /// a full step is late for what joins it and hardly ever by itself.
    /// </summary>
    public double Margin { get; init; } = 1.15;
}
