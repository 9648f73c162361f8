using System;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Planning.Simulation;

/// <summary>
/// What a router is told of the caches: the replicas' own state, as an engine's KV events tell it.
/// </summary>
sealed partial class FleetSimulation
{
    double[] _cachedShares = [];

    /// <summary>What the caches of a pool hold of a prompt, where the router asks for it.</summary>
    ReadOnlySpan<double> CachedShares(in Arrival arrival, int pool)
    {
        if (!_router.AsksForCached || arrival.PrefixKeys.IsEmpty)
            return [];
        if (_cachedShares.Length < pool)
            _cachedShares = new double[pool];
        for (var i = 0; i < pool; i++)
        {
            var cached = _replicas[i].Scheduler.CachedTokens(arrival.PrefixKeys.Span);
            _cachedShares[i] = (double)cached / arrival.PromptTokens;
        }
        return _cachedShares.AsSpan(0, pool);
    }
}
