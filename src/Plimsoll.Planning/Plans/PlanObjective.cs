using System;
using Plimsoll.Core;

namespace Plimsoll.Planning.Plans;

/// <summary>What a plan makes least of.</summary>
public enum PlanObjective
{
    /// <summary>Dollars an hour.</summary>
    Cost,

    /// <summary>Watts of the whole fleet at its boards' rated power, an upper bound.</summary>
    Energy,

    /// <summary>Accelerators of the whole fleet.</summary>
    Accelerators,
}

public static class PlanObjectives
{
    public static Choices<PlanObjective> All { get; } = new(
        ("cost", PlanObjective.Cost), ("energy", PlanObjective.Energy),
        ("accelerators", PlanObjective.Accelerators));

    /// <summary>What one unit of a fleet weighs; null where that is not known.</summary>
    public static double? PerUnit(this PlanObjective objective, PlanCandidate candidate) => objective switch
    {
        PlanObjective.Cost => candidate.UsdPerHour,
        PlanObjective.Energy => candidate.Deployment.Accelerator.TdpWatts * candidate.Accelerators,
        PlanObjective.Accelerators => candidate.Accelerators,
        _ => throw new ArgumentOutOfRangeException(nameof(objective), objective, null),
    };

    public static string Unit(this PlanObjective objective) => objective switch
    {
        PlanObjective.Cost => "USD/h",
        PlanObjective.Energy => "W",
        _ => "accelerators",
    };
}
