using System;
using System.Collections.Generic;
using Plimsoll.Core.Scheduling;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>
/// Which libllama sequence holds what. The scheduler speaks of requests and of prefix nodes; libllama knows
/// sequences, 256 at most. A sequence whose request is gone is retained as long as some node's KV lies in it,
/// cut to what its nodes cover, so that the cells in use are the blocks that the scheduler counts.
/// <para>
/// Should sequences run out, the oldest retained one is dropped. A request whose prefix was lost that way
/// computes it again: the scheduler's plan stays valid, it only takes longer.
/// </para>
/// </summary>
sealed class KvStore
{
    public const int None = -1;

    sealed class Holding
    {
        public RequestId Owner;
        public long ReleasedAt;
        public readonly List<int> Nodes = [];
    }

    readonly record struct NodePlace(int Sequence, int Tokens, ulong Key);

    readonly LlamaContext _context;
    readonly int _nodeTokens;
    readonly Stack<int> _free = new();
    readonly Holding?[] _holdings;
    readonly Dictionary<int, NodePlace> _nodes = [];
    readonly Dictionary<ulong, int> _nodeByKey = [];
    readonly Dictionary<RequestId, int> _sequenceOf = [];
    readonly List<int> _released = [];
    long _releases;

    public KvStore(LlamaContext context, int nodeTokens)
    {
        _context = context;
        _nodeTokens = nodeTokens;
        _holdings = new Holding?[context.Options.Sequences];
        for (var sequence = context.Options.Sequences - 1; sequence >= 0; sequence--)
            _free.Push(sequence);
    }

    /// <summary>Sequences without a request that hold KV of prefix nodes.</summary>
    public int Retained { get; private set; }

    /// <summary>A sequence for a request that has none.</summary>
    public int Take(RequestId request)
    {
        if (_free.Count == 0 && !DropOldest())
            throw new InvalidOperationException("more requests run than libllama knows sequences");
        var sequence = _free.Pop();
        _holdings[sequence] = new Holding { Owner = request };
        _sequenceOf[request] = sequence;
        return sequence;
    }

    /// <summary>
    /// Gives a new sequence the KV of the prefix that ends in a node; tokens that it has now: fewer than
    /// asked for where it was lost.
    /// </summary>
    public int Share(int node, int tokens, int target)
    {
        if (node < 0 || !_nodes.TryGetValue(node, out var place) || place.Tokens < tokens
            || place.Sequence == target)
        {
            return 0;
        }
        // An image that is computed whole may be behind what is known of it.
        tokens = Math.Min(tokens, _context.Length(place.Sequence));
        _context.Share(place.Sequence, target, tokens);
        return tokens;
    }

    /// <summary>
    /// The request is gone, or has lost its KV; what its nodes need of it is decided by the next changes.
    /// </summary>
    public void Release(RequestId request)
    {
        if (!_sequenceOf.TryGetValue(request, out var sequence) || _released.Contains(sequence))
            return;
        _released.Add(sequence);
        _holdings[sequence]!.ReleasedAt = ++_releases;
    }

    /// <summary>
    /// Takes in how the scheduler's prefix cache changed, and frees what nothing names any more.
    /// </summary>
    public void Apply(ReadOnlySpan<PrefixChange> changes)
    {
        foreach (ref readonly var change in changes)
        {
            if (change.IsEviction)
                Evict(change.Node);
            else
                Insert(change);
        }
        foreach (var sequence in _released)
        {
            var holding = _holdings[sequence]!;
            _sequenceOf.Remove(holding.Owner);
            holding.Owner = RequestId.None;
            Retained++;
            Fit(sequence);
        }
        _released.Clear();
    }

    /// <summary>
    /// A block that another request computed first is held by the scheduler once; here too, its cells take
    /// the place of the duplicates.
    /// </summary>
    public void Unify(int sequence, ReadOnlySpan<ulong> keys, int computedTokens)
    {
        for (var block = 0; block < keys.Length && (block + 1) * _nodeTokens <= computedTokens; block++)
        {
            if (_nodeByKey.TryGetValue(keys[block], out var node) && _nodes[node].Sequence != sequence)
            {
                _context.Replace(
                    _nodes[node].Sequence, sequence, block * _nodeTokens, (block + 1) * _nodeTokens);
            }
        }
    }

    /// <summary>Drops everything that is retained: memory before speed.</summary>
    public void DropRetained()
    {
        while (DropOldest())
        {
        }
    }

    void Insert(in PrefixChange change)
    {
        if (!_sequenceOf.TryGetValue(change.Holder, out var sequence))
            return;
        var tokens = change.Parent < 0 ? _nodeTokens
            : _nodes.TryGetValue(change.Parent, out var parent) ? parent.Tokens + _nodeTokens : 0;
        if (tokens == 0)
            return;
        _nodes[change.Node] = new NodePlace(sequence, tokens, change.Key);
        _nodeByKey[change.Key] = change.Node;
        _holdings[sequence]!.Nodes.Add(change.Node);
    }

    void Evict(int node)
    {
        if (!_nodes.Remove(node, out var place))
            return;
        if (_nodeByKey.TryGetValue(place.Key, out var named) && named == node)
            _nodeByKey.Remove(place.Key);
        var holding = _holdings[place.Sequence]!;
        holding.Nodes.Remove(node);
        if (holding.Owner.IsNone)
            Fit(place.Sequence);
    }

    /// <summary>Cuts a retained sequence to what its nodes cover, or frees it.</summary>
    void Fit(int sequence)
    {
        var covered = 0;
        foreach (var node in _holdings[sequence]!.Nodes)
            covered = Math.Max(covered, _nodes[node].Tokens);
        _context.Trim(sequence, covered);
        if (covered > 0)
            return;
        _holdings[sequence] = null;
        _free.Push(sequence);
        Retained--;
    }

    bool DropOldest()
    {
        var oldest = None;
        for (var sequence = 0; sequence < _holdings.Length; sequence++)
        {
            if (_holdings[sequence] is { Owner.IsNone: true } holding
                && (oldest == None || holding.ReleasedAt < _holdings[oldest]!.ReleasedAt))
            {
                oldest = sequence;
            }
        }
        if (oldest == None)
            return false;
        foreach (var node in _holdings[oldest]!.Nodes)
        {
            if (_nodes.Remove(node, out var place) && _nodeByKey.GetValueOrDefault(place.Key, None) == node)
                _nodeByKey.Remove(place.Key);
        }
        _holdings[oldest]!.Nodes.Clear();
        Fit(oldest);
        return true;
    }
}
