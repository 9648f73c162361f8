using System;

namespace Plimsoll.Inputs.Workloads;

/// <summary>
/// The same arrivals with nothing known of their content, for an engine without a prefix cache.
/// </summary>
public sealed class KeylessArrivals(IArrivalSource arrivals) : IArrivalSource
{
    public int PrefixBlockTokens => 0;

    public bool TryPeek(out long atNs) => arrivals.TryPeek(out atNs);

    public void Take(out Arrival arrival)
    {
        arrivals.Take(out arrival);
        arrival.PrefixKeys = ReadOnlyMemory<ulong>.Empty;
    }

    public void Finished(int session, long nowNs) => arrivals.Finished(session, nowNs);
}
