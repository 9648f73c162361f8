namespace Plimsoll.Core.Timing;

/// <summary>
/// What is known of one release of an engine: a row of <c>data/engines.json</c> for each part of it.
/// </summary>
public sealed record EngineSpec
{
    /// <summary>As people name it: <c>vllm</c>.</summary>
    public required string Name { get; init; }

    public required EngineOverheadSpec Overhead { get; init; }

    public required EngineSchedulingSpec Scheduling { get; init; }

    public required EngineMemorySpec Memory { get; init; }

    public required EngineErrorSpec Errors { get; init; }
}
