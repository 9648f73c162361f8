using System.Collections.Generic;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Serve.Figures;

/// <summary>Arrivals that are known one by one; nobody waits for an answer.</summary>
sealed class LoggedArrivals(IReadOnlyList<Arrival> arrivals) : IArrivalSource
{
    int _next;

    public int PrefixBlockTokens => 0;

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
