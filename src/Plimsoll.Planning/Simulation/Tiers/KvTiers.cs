using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Timing;

namespace Plimsoll.Planning.Simulation.Tiers;

/// <summary>What one memory below the accelerators did over a run.</summary>
/// <param name="Name"><c>host</c>, <c>nvme</c> or <c>pool</c>.</param>
/// <param name="CapacityTokens">Prompt tokens that it holds, of all replicas together.</param>
/// <param name="HitTokens">Prompt tokens that were fetched from it.</param>
/// <param name="PassedTokens">Found there, and computed again since that was quicker.</param>
/// <param name="TransferS">Time it spent on reads, seconds.</param>
public sealed record KvTierResult(
    string Name, double CapacityTokens, long HitTokens, long PassedTokens, double TransferS);

/// <summary>
/// Memories below one replica's accelerators. A request is looked up in them once, when it arrives, behind
/// what the accelerators still hold; it is fetched where that is quicker than computing, and then joins the
/// engine at the next step. Prompts are written through when their request is done. Reads of one memory
/// follow each other.
/// </summary>
sealed class KvTiers
{
    sealed class Tier(
        string name, double capacityTokens, double bytesPerNs, long latencyNs, KvTierStore store)
    {
        public string Name => name;

        public double CapacityTokens => capacityTokens;

        public double BytesPerNs => bytesPerNs;

        public long LatencyNs => latencyNs;

        public KvTierStore Store => store;

        public long FreeNs { get; set; }

        public long HitTokens { get; set; }

        public long PassedTokens { get; set; }

        public long TransferNs { get; set; }
    }

    readonly List<Tier> _tiers = [];
    readonly StepTimeModel _stepTime;
    readonly int _blockTokens;
    readonly double _bytesPerToken;
    readonly int[] _found;

    /// <param name="spec">What there is.</param>
    /// <param name="stepTime">How long computing instead would take.</param>
    /// <param name="blockTokens">Tokens a key.</param>
    /// <param name="pool">What all replicas share; made where it is null.</param>
    public KvTiers(KvTiersSpec spec, StepTimeModel stepTime, int blockTokens, KvTierStore? pool)
    {
        var deployment = stepTime.Deployment;
        var cards = deployment.TensorParallel * deployment.PipelineParallel;
        _stepTime = stepTime;
        _blockTokens = blockTokens;
        _bytesPerToken = deployment.Model.KvBytesPerToken(deployment.Kv);
        Add("host", spec.Host, null);
        Add("nvme", spec.Nvme, null);
        Add("pool", spec.Pool, pool);
        _found = new int[_tiers.Count];

        void Add(string name, KvTierSpec? tier, KvTierStore? store)
        {
            if (tier is null || _bytesPerToken == 0)
                return;
            var tokens = tier.Gb * 1e9 * cards / _bytesPerToken;
            store ??= new KvTierStore((long)(tokens / blockTokens));
            _tiers.Add(new Tier(name, tokens, tier.GbPerSecond * cards, tier.LatencyNs, store));
        }
    }

    /// <summary>The store that other replicas may share; null where there is none.</summary>
    public KvTierStore? Pool => _tiers.Find(tier => tier.Name == "pool")?.Store;

    /// <summary>
    /// Tokens whose KV is fetched for a prompt, those that the accelerators hold included, and when it is
    /// there; no tokens where computing is as quick.
    /// </summary>
    public (int Tokens, long ReadyNs) Fetch(
        ReadOnlySpan<ulong> keys, int promptTokens, int heldTokens, long nowNs)
    {
        var first = heldTokens / _blockTokens;
        var end = first;
        var most = Math.Min(keys.Length, (promptTokens - 1) / _blockTokens);
        Array.Clear(_found);
        for (var i = 0; i < _tiers.Count && end < most; i++)
        {
            _found[i] = _tiers[i].Store.Leading(keys[..most], end);
            end += _found[i];
        }
        if (end == first)
            return (0, nowNs);
        var ready = nowNs;
        for (var i = 0; i < _tiers.Count; i++)
        {
            if (_found[i] > 0)
                ready = Math.Max(ready, Math.Max(nowNs, _tiers[i].FreeNs) + TransferNs(i));
        }
        var fetched = (end - first) * _blockTokens;
        if (ready - nowNs >= ComputeNs(heldTokens, fetched))
        {
            for (var i = 0; i < _tiers.Count; i++)
                _tiers[i].PassedTokens += (long)_found[i] * _blockTokens;
            return (0, nowNs);
        }
        for (var i = 0; i < _tiers.Count; i++)
        {
            if (_found[i] == 0)
                continue;
            var tier = _tiers[i];
            tier.HitTokens += (long)_found[i] * _blockTokens;
            tier.TransferNs += TransferNs(i);
            tier.FreeNs = Math.Max(nowNs, tier.FreeNs) + TransferNs(i);
            tier.Store.Use(keys[..end]);
        }
        return (end * _blockTokens, ready);
    }

    /// <summary>A request is done: its prompt is kept, and what the first memory puts out sinks.</summary>
    public void Keep(ReadOnlySpan<ulong> keys)
    {
        if (_tiers.Count > 0 && keys.Length > 0)
            Sink(0, keys);
    }

    void Sink(int tier, ReadOnlySpan<ulong> keys)
    {
        if (tier == _tiers.Count)
            return;
        _tiers[tier].Store.Use(
            keys, tier + 1 == _tiers.Count ? null : key => Sink(tier + 1, [key]));
    }

    public static IReadOnlyList<KvTierResult>? Sum(IEnumerable<KvTiers> replicas)
    {
        var all = replicas.SelectMany(r => r._tiers).GroupBy(tier => tier.Name).Select(of => new KvTierResult(
            of.Key, of.Key == "pool" ? of.First().CapacityTokens : of.Sum(tier => tier.CapacityTokens),
            of.Sum(tier => tier.HitTokens), of.Sum(tier => tier.PassedTokens),
            of.Sum(tier => tier.TransferNs) / 1e9)).ToList();
        return all.Count == 0 ? null : all;
    }

    long TransferNs(int tier) => _tiers[tier].LatencyNs
        + (long)(_found[tier] * _blockTokens * _bytesPerToken / _tiers[tier].BytesPerNs);

    /// <summary>The tokens as one chunk behind those that are held, in a step of their own.</summary>
    long ComputeNs(int heldTokens, int tokens)
    {
        var shape = new StepShape();
        shape.AddChunk(heldTokens, tokens, endsPrompt: false);
        return _stepTime.PredictNs(shape);
    }
}
