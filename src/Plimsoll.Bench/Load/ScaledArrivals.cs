using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Bench.Load;

/// <summary>One source's requests in their order, all gaps longer or shorter by one factor.</summary>
sealed class ScaledArrivals(IArrivalSource source, double factor) : IArrivalSource
{
    public int PrefixBlockTokens => source.PrefixBlockTokens;

    public bool TryPeek(out long atNs)
    {
        var any = source.TryPeek(out atNs);
        atNs = (long)(atNs * factor);
        return any;
    }

    public void Take(out Arrival arrival)
    {
        source.Take(out arrival);
        arrival.AtNs = (long)(arrival.AtNs * factor);
    }

    public void Finished(int session, long nowNs) => source.Finished(session, (long)(nowNs / factor));
}
