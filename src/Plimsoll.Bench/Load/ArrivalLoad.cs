using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Bench.Load;

/// <summary>The arrivals of one level, as planned requests.</summary>
public sealed class ArrivalLoad(IArrivalSource arrivals, int level) : ILoadSource
{
    public bool TryPeek(out long atNs) => arrivals.TryPeek(out atNs);

    public void Take(out PlannedRequest request)
    {
        arrivals.Take(out var arrival);
        request = new PlannedRequest
        {
            AtNs = arrival.AtNs,
            PromptTokens = arrival.PromptTokens,
            OutputTokens = arrival.OutputTokens,
            PrefixKeys = arrival.PrefixKeys,
            PrefixBlockTokens = arrivals.PrefixBlockTokens,
            Session = arrival.Session,
            Level = level,
        };
    }

    public void Finished(int level, int session, long nowNs) => arrivals.Finished(session, nowNs);
}
