using System.Collections.Generic;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Scheduling;

namespace Plimsoll.Planning.Simulation;

/// <summary>The two levels of a fleet that serves interactive and batch work together.</summary>
public static class SharedLevels
{
    public const int Interactive = 0;

    public const int Batch = 1;

    /// <summary>
    /// Levels by a promise: its TTFT and ITL limits are deadlines, a TPOT limit is an ITL that may be made up
    /// for.
    /// </summary>
    /// <param name="promise">The interactive promise.</param>
    /// <param name="overheadNs">What a request takes outside the engine, off its TTFT.</param>
    /// <param name="minBatchShare">Share of the engine's time promised to batch work.</param>
    public static IReadOnlyList<ServiceLevelSpec> Of(
        IReadOnlyList<Limit> promise, long overheadNs, double minBatchShare = 0)
    {
        long? ttft = null, itl = null, tpot = null;
        foreach (var limit in promise)
        {
            if (limit.Metric == Metric.Ttft)
                ttft = limit.LimitNs - overheadNs;
            else if (limit.Metric == Metric.Itl)
                itl = limit.LimitNs;
            else if (limit.Metric == Metric.Tpot)
                tpot = limit.LimitNs;
        }
        return
        [
            new ServiceLevelSpec
            {
                Name = "interactive",
                TtftNs = ttft,
                ItlNs = itl ?? tpot,
                Pacing = itl is null && tpot is not null ? Pacing.Paced : Pacing.Strict,
            },
            ServiceLevelSpec.Batch with { MinShare = minBatchShare },
        ];
    }
}
