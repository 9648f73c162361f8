using System.Collections.Generic;

namespace Plimsoll.Inputs.Measured;

/// <summary>
/// One load that an engine was measured under: what is fitted or held out as a whole, since repeats of one
/// configuration say nothing about another.
/// </summary>
public sealed record Configuration
{
    /// <summary>Equal for measurements of the same configuration.</summary>
    public required string Key { get; init; }

    public IReadOnlyList<Observation> Runs { get; init; } = [];

    public IReadOnlyList<StepLog> Logs { get; init; } = [];

    /// <summary>
    /// The earlier and the later half, for when there is no other configuration; null if it has no time.
    /// </summary>
    public (Configuration Earlier, Configuration Later)? Halves { get; init; }
}
