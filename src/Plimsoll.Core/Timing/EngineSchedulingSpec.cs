namespace Plimsoll.Core.Timing;

/// <summary>How a release of an engine admits prompts and takes back those it put out.</summary>
public sealed record EngineSchedulingSpec
{
    public required string Source { get; init; }

    public required string AsOf { get; init; }

    /// <summary>Whether a prompt is admitted only when all its blocks are free.</summary>
    public required bool ReservesFullPrompts { get; init; }

    /// <summary>Whether the prefix cache lets a preempted request find its own blocks again.</summary>
    public required bool FindsPreempted { get; init; }
}
