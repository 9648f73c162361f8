using System.Collections.Generic;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Promises;

namespace Plimsoll.Planning.Simulation;

/// <summary>What a simulated fleet is paid.</summary>
/// <param name="Price">Of one accelerator.</param>
/// <param name="Accelerators">Of all replicas.</param>
public sealed record FleetPrice(PriceSpec Price, int Accelerators)
{
    public decimal UsdPerAcceleratorHour => Price.UsdPerHour;

    public string? AsOf => Price.AsOf;

    public string Source => Price.Source;

    /// <summary>The bill by level; null where the run had no time that could be shared.</summary>
    public LevelCosts? Of(SimulationResult run, IReadOnlyList<LevelPromise> levels) =>
        LevelCosts.Of(run, levels, Price.UsdPerHour * Accelerators);

    /// <summary>What a million tokens of an account cost by the time they used.</summary>
    public double? PerMillion(SimulationResult run, IReadOnlyList<LevelPromise> levels, int account) =>
        Of(run, levels) is { } costs && account < costs.Levels.Count
            ? (double?)costs.Levels[account].UsdPerMillionTokens
            : null;
}
