using System.Collections.Generic;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;

namespace Plimsoll.Planning.Simulation;

/// <summary>The levels of a fleet as its schedulers know them, batch work beside them last.</summary>
static class SharedLevels
{
    /// <param name="levels">The levels that requests name, with their limits.</param>
    /// <param name="hasBatch">Whether batch work is served beside them.</param>
    /// <param name="minBatchShare">Share of the engine's time promised to it.</param>
    public static IReadOnlyList<ServiceLevelSpec> Of(
        IReadOnlyList<LevelPromise> levels, bool hasBatch, double minBatchShare)
    {
        var specs = new List<ServiceLevelSpec>();
        foreach (var level in levels)
        {
            var spec = level.Spec;
            specs.Add(spec with
            {
                Pacing = LimitsGaps(level.Limits) ? spec.Pacing : Pacing.Paced,
            });
        }
        if (hasBatch)
            specs.Add(ServiceLevelSpec.Batch with { MinShare = minBatchShare });
        return specs;
    }

    /// <summary>A TPOT limit alone may be made up for; an ITL limit may not.</summary>
    static bool LimitsGaps(IReadOnlyList<Limit> limits)
    {
        foreach (var limit in limits)
        {
            if (limit.Metric == Metric.Itl)
                return true;
        }
        return false;
    }
}
