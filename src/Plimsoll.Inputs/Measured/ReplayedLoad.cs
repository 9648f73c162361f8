using System.Collections.Generic;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Inputs.Measured;

/// <summary>Arrivals exactly as they were.</summary>
public sealed class ReplayedLoad(
    IReadOnlyList<Arrival> arrivals, int prefixBlockTokens = 0, long warmup = 0, long cooldown = 0) : ILoad
{
    public IReadOnlyList<Arrival> Arrivals => arrivals;

    public long Requests => arrivals.Count;

    public long WarmupRequests => warmup;

    public long CooldownRequests => cooldown;

    public bool ClosedLoop => false;

    public int MeanContextTokens
    {
        get
        {
            long sum = 0;
            foreach (var arrival in arrivals)
                sum += arrival.PromptTokens + arrival.OutputTokens;
            return (int)(sum / arrivals.Count);
        }
    }

    public IArrivalSource Open() => new Source(arrivals, prefixBlockTokens);

    sealed class Source(IReadOnlyList<Arrival> arrivals, int prefixBlockTokens) : IArrivalSource
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
}
