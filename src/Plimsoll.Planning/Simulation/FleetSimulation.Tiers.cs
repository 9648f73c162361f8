using System;
using System.Collections.Generic;
using Plimsoll.Planning.Simulation.Tiers;

namespace Plimsoll.Planning.Simulation;

/// <summary>KV below the accelerators: fetched before a request joins, kept when it is done.</summary>
public sealed partial class FleetSimulation
{
    readonly PriorityQueue<Load, (long AtNs, long Index)> _loads = new();
    readonly Dictionary<long, ReadOnlyMemory<ulong>> _keysOf = [];
    KvTiers[] _tiers = [];

    /// <summary>A request whose KV is on its way to the replica that was chosen for it.</summary>
    readonly record struct Load(
        SimulatedRequest Request, ReadOnlyMemory<ulong> Keys, int Replica, int Tokens);

    long NextLoadNs => _loads.TryPeek(out _, out var key) ? key.AtNs : long.MaxValue;

    /// <summary>One set of memories a replica that takes prompts, one pool for all.</summary>
    void AddTiers()
    {
        var pool = _fleet.Prefill ?? _fleet.Serving;
        if (pool.StepTime.Deployment.Engine.KvTiers is not { } spec || _arrivals.PrefixBlockTokens == 0)
            return;
        _tiers = new KvTiers[_decodeFirst > 0 ? _decodeFirst : _replicas.Length];
        for (var i = 0; i < _tiers.Length; i++)
        {
            _tiers[i] = new KvTiers(
                spec, pool.StepTime, _arrivals.PrefixBlockTokens, i == 0 ? null : _tiers[0].Pool);
        }
    }

    /// <summary>Whether a request waits for its KV before it joins.</summary>
    bool Fetches(ref SimulatedRequest request, ReadOnlyMemory<ulong> keys, int replica, long nowNs)
    {
        if (_tiers.Length == 0 || keys.IsEmpty)
            return false;
        _keysOf[request.Index] = keys;
        var held = _replicas[replica].Scheduler.CachedTokens(keys.Span);
        var (tokens, readyNs) = _tiers[replica].Fetch(keys.Span, request.PromptTokens, held, nowNs);
        if (tokens == 0)
            return false;
        request.FetchedTokens = tokens;
        _loads.Enqueue(new Load(request, keys, replica, tokens), (readyNs, request.Index));
        return true;
    }

    void DeliverLoad(long nowNs)
    {
        var load = _loads.Dequeue();
        var spec = SpecOf(load.Request, load.Request.PromptTokens) with
        {
            PrefixKeys = load.Keys, TransferredTokens = load.Tokens,
        };
        if (!_replicas[load.Replica].Add(load.Request, spec, nowNs))
            Refuse(load.Request, load.Replica, nowNs);
    }

    /// <summary>The prompt of a request that is done is kept below.</summary>
    void Keep(in SimulatedRequest request, int replica)
    {
        if (_tiers.Length > 0 && replica < _tiers.Length
            && _keysOf.Remove(request.Index, out var keys))
        {
            _tiers[replica].Keep(keys.Span);
        }
    }

    void Refuse(SimulatedRequest request, int replica, long nowNs, bool rejected = false)
    {
        _outstanding[replica]--;
        _keysOf.Remove(request.Index);
        request.LastTokenNs = nowNs;
        Complete(request, replica, served: false, rejected);
    }
}
