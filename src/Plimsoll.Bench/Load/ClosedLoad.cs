using System.Collections.Generic;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Bench.Load;

/// <summary>
/// A closed loop: so many clients, each sending its next request as soon as its last is answered. A
/// request is due the moment its client is free, so a slow endpoint slows the load: fit for
/// throughput, not for promises.
/// </summary>
public sealed class ClosedLoad : ILoadSource
{
    readonly IArrivalSource _lengths;
    readonly int _level;
    readonly Queue<(int Client, long AtNs)> _free = new();

    /// <param name="lengths">Lengths and prefixes; its times count for nothing.</param>
    /// <param name="clients">Requests under way at any time.</param>
    /// <param name="level">Of all its requests.</param>
    public ClosedLoad(IArrivalSource lengths, int clients, int level)
    {
        (_lengths, _level) = (lengths, level);
        for (var client = 0; client < clients; client++)
            _free.Enqueue((client, 0));
    }

    public bool TryPeek(out long atNs)
    {
        atNs = _free.TryPeek(out var free) ? free.AtNs : 0;
        return _free.Count > 0 && _lengths.TryPeek(out _);
    }

    public void Take(out PlannedRequest request)
    {
        _lengths.Take(out var arrival);
        var (client, atNs) = _free.Dequeue();
        request = new PlannedRequest
        {
            AtNs = atNs,
            PromptTokens = arrival.PromptTokens,
            OutputTokens = arrival.OutputTokens,
            PrefixKeys = arrival.PrefixKeys,
            PrefixBlockTokens = _lengths.PrefixBlockTokens,
            Session = client,
            Level = _level,
        };
    }

    public void Finished(int level, int session, long nowNs) => _free.Enqueue((session, nowNs));
}
