using System.Collections.Generic;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Timing;

namespace Plimsoll.Planning.Simulation;

/// <summary>
/// Promises as a run meets them whose first tokens come later than it knows: a TTFT that will be longer keeps
/// its limit when the shorter one keeps what is left of the limit.
/// </summary>
static class LateFirstTokens
{
    public static IReadOnlyList<LevelPromise> Of(IReadOnlyList<LevelPromise> levels, StepErrorDraw draw)
    {
        if (draw.FirstTokenFactor == 1)
            return levels;
        var stretched = new List<LevelPromise>();
        foreach (var level in levels)
        {
            var limits = new List<Limit>();
            foreach (var limit in level.Limits)
            {
                limits.Add(limit.Metric == Metric.Ttft
                    ? limit with { LimitNs = draw.FirstTokenLimitNs(limit.LimitNs) }
                    : limit);
            }
            stretched.Add(level with { Limits = limits });
        }
        return stretched;
    }
}
