using Plimsoll.Core.Hardware;
using Plimsoll.Core.Timing;


namespace Plimsoll.Inputs.Measured;

/// <summary>What one run of a real engine was and what it measured.</summary>
public sealed record Observation
{
    /// <summary>Names the run in tables: file, experiment, configuration.</summary>
    public required string Name { get; init; }

    public required Deployment Deployment { get; init; }

    public required ILoad Load { get; init; }

    public required LatencyFigures Measured { get; init; }

    /// <summary>Whether <see cref="Measured"/> holds medians over requests; means otherwise.</summary>
    public bool Medians { get; init; }

    /// <summary>
    /// Times are the engine's own, driven without an API server: neither the way through one nor its
    /// streaming is in them.
    /// </summary>
    public bool EngineClock { get; init; }

    /// <summary>Curves to predict with; the catalogue's when null.</summary>
    public EfficiencyCurves? Curves { get; init; }
}
