using System.Collections.Generic;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Tests.Simulation;

/// <summary>Arrivals written down one by one; closed when a session's next waits for its answer.</summary>
sealed class ListedArrivals(IReadOnlyList<Arrival> arrivals, int prefixBlockTokens = 0) : IArrivalSource
{
    int _next;

    public int PrefixBlockTokens => prefixBlockTokens;

    public bool TryPeek(out long atNs)
    {
        atNs = _next < arrivals.Count ? arrivals[_next].AtNs : 0;
        return _next < arrivals.Count;
    }

    public void Take(out Arrival arrival) => arrival = arrivals[_next++];

    public void Finished(int session, long nowNs)
    {
    }
}
