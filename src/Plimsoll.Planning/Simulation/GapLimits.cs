using System.Collections.Generic;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;

namespace Plimsoll.Planning.Simulation;

/// <summary>
/// Counts late gaps without visiting a request: a step's gap is the same for all that decode in it, so
/// each level has one count of late steps, and a request's own is the difference between two
/// readings of it.
/// </summary>
sealed class GapLimits
{
    readonly long[][] _limitsNs;
    readonly LateGaps[] _lateSteps;

    public GapLimits(IReadOnlyList<LevelPromise> levels)
    {
        _limitsNs = new long[levels.Count][];
        _lateSteps = new LateGaps[levels.Count];
        for (var level = 0; level < _limitsNs.Length; level++)
        {
            var limits = new List<long>();
            foreach (var limit in levels[level].Limits)
            {
                if (limit.Metric == Metric.Itl)
                    limits.Add(limit.LimitNs);
            }
            _limitsNs[level] = [.. limits];
            Any |= limits.Count > 0;
        }
    }

    /// <summary>Whether any level limits gaps; otherwise nothing is counted.</summary>
    public bool Any { get; }

    public void AddSteps(long stepNs, int steps)
    {
        if (!Any)
            return;
        for (var level = 0; level < _limitsNs.Length; level++)
            _lateSteps[level] += LateGaps.Of(_limitsNs[level], stepNs, steps);
    }

    public LateGaps Of(int level, long gapNs) => Any ? LateGaps.Of(_limitsNs[level], gapNs, 1) : default;

    /// <summary>A request begins to take part in the steps.</summary>
    public void Join(ref SimulatedRequest request) => request.LateBase = _lateSteps[request.Level];

    /// <summary>A request no longer takes part.</summary>
    public void Leave(ref SimulatedRequest request) =>
        request.LateGaps += _lateSteps[request.Level] - request.LateBase;
}
