using System;

namespace Plimsoll.Core.Scheduling;

/// <summary>What the prefix cache has of a prompt.</summary>
/// <param name="Node">The deepest node found; negative when there is none.</param>
/// <param name="Nodes">Nodes of the chain.</param>
/// <param name="UnheldNodes">Those that nobody holds: free memory until they are taken.</param>
/// <param name="KeptBlocks">
/// Blocks behind the chain that a preempted request left and nobody has taken.
/// </param>
readonly record struct PrefixHit(int Node, int Nodes, int UnheldNodes, int KeptBlocks = 0);

/// <summary>
/// The KV memory of running requests: counted blocks of their own, and the prefix chain that they hold.
/// </summary>
sealed class KvMemory(SchedulerOptions options, RequestTable requests)
{
    const int None = -1;

    readonly int _blockSize = options.BlockSize;
    readonly int _nodeBlocks = options.PrefixBlockTokens / options.BlockSize;

    public KvBlockPool Pool { get; } = new(
        options.NumBlocks, options.PrefixBlockTokens / options.BlockSize, options.TracksPrefixes);

    /// <summary>Tokens of prompts looked up in the prefix cache, and those found there.</summary>
    public long QueriedTokens { get; private set; }

    public long HitTokens { get; private set; }

    public bool CachesPrefixes => _nodeBlocks > 0;

    public int BlocksFor(long tokens) => (int)((tokens + _blockSize - 1) / _blockSize);

    /// <summary>Blocks that a prompt needs beyond those it has, to hold so many tokens.</summary>
    public int MissingBlocks(in RequestState state, int tokens) =>
        Math.Max(0, BlocksFor(tokens) - state.OwnBlocks - state.PrefixNodes * _nodeBlocks);

    /// <summary>Blocks that a waiting request needs beside the chain that was found for it.</summary>
    public int MissingBlocks(in PrefixHit hit, int tokens) =>
        BlocksFor(tokens) - hit.Nodes * _nodeBlocks - hit.KeptBlocks;

    /// <summary>Tokens of a prompt that need not be computed again.</summary>
    public int TokensOf(in PrefixHit hit) =>
        hit.Nodes * options.PrefixBlockTokens + hit.KeptBlocks * _blockSize;

    /// <summary>Blocks that are free once a chain is held.</summary>
    public int FreeBlocksBeside(in PrefixHit hit) =>
        Pool.FreeBlocks - hit.UnheldNodes * _nodeBlocks - hit.KeptBlocks;

    /// <summary>Blocks beside its prefix nodes of a request that decodes at this length.</summary>
    public int OwnBlocksOfDecode(in RequestState state, int length) =>
        BlocksFor(length) - state.PrefixNodes * _nodeBlocks;

    /// <summary>
    /// The longest cached chain of a request's keys. At least one token is always left to compute, since
    /// only a computed token yields logits.
    /// </summary>
    public PrefixHit Find(in RequestState state)
    {
        if (state.PrefixKeys.IsEmpty)
            return new PrefixHit(None, 0, 0, KeptBehind(state, nodes: 0));
        var keys = state.PrefixKeys.Span;
        var most = Math.Min(keys.Length, (state.KnownTokens - 1) / options.PrefixBlockTokens);
        int node = None, nodes = 0, unheld = 0;
        while (nodes < most)
        {
            var next = Pool.Find(keys[nodes], node);
            if (next < 0)
                break;
            unheld += Pool.IsHeld(next) ? 0 : 1;
            node = next;
            nodes++;
        }
        return new PrefixHit(node, nodes, unheld, KeptBehind(state, nodes));
    }

    /// <summary>What a preempted request left counts behind the chain that it was computed behind.</summary>
    int KeptBehind(in RequestState state, int nodes) =>
        state.KeptRun != None && state.KeptNodes == nodes ? Pool.KeptBlocks(state.KeptRun) : 0;

    /// <summary>Tokens of the longest cached chain of these keys.</summary>
    public int CachedTokens(ReadOnlySpan<ulong> keys)
    {
        int node = None, nodes = 0;
        while (nodes < keys.Length && (node = Pool.Find(keys[nodes], node)) >= 0)
            nodes++;
        return nodes * options.PrefixBlockTokens;
    }

    /// <summary>
    /// Holds the chain for the request and gives it blocks for the tokens up to <paramref name="tokens"/>.
    /// </summary>
    public void Take(ref RequestState state, in PrefixHit hit, int tokens)
    {
        QueriedTokens += state.KnownTokens;
        state.PrefixNode = hit.Node;
        state.PrefixNodes = hit.Nodes;
        state.CachedTokens = hit.Nodes * options.PrefixBlockTokens;
        HitTokens += state.CachedTokens;
        for (var node = hit.Node; node != None; node = Pool.Parent(node))
            Pool.Hold(node);
        if (hit.KeptBlocks > 0)
        {
            Pool.TakeBack(state.KeptRun);
            state.KeptRun = None;
        }
        ForgetKept(ref state);
        var missing = MissingBlocks(hit, tokens);
        Pool.Allocate(missing);
        state.OwnBlocks = missing + hit.KeptBlocks;
    }

    public void Grow(ref RequestState state, int tokens)
    {
        var blocks = MissingBlocks(state, tokens);
        Pool.Allocate(blocks);
        state.OwnBlocks += blocks;
    }

    /// <summary>
    /// Names the blocks whose tokens are now all computed. Where another request named the same content
    /// first, its block is held instead and the duplicate is freed.
    /// </summary>
    public void Share(int request)
    {
        ref var state = ref requests[request];
        if (state.PrefixKeys.IsEmpty)
            return;
        var keys = state.PrefixKeys.Span;
        var whole = Math.Min(state.ComputedTokens, state.PromptTokens) / options.PrefixBlockTokens;
        while (state.PrefixNodes < Math.Min(whole, keys.Length))
        {
            var key = keys[state.PrefixNodes];
            var node = Pool.Find(key, state.PrefixNode);
            if (node >= 0)
            {
                Pool.Hold(node);
                Pool.Free(_nodeBlocks);
            }
            else
            {
                node = Pool.Insert(key, state.PrefixNode, requests.IdOf(request));
                if (node < 0)
                    return;
            }
            state.OwnBlocks -= _nodeBlocks;
            state.PrefixNode = node;
            state.PrefixNodes++;
        }
    }

    /// <summary>Frees all memory of a preempted request, which may find again what it had computed.</summary>
    /// <param name="state">The request.</param>
    /// <param name="ownBlocks">Blocks that it holds beside its chain.</param>
    /// <param name="computedTokens">Tokens whose KV exists: the whole blocks of them are kept.</param>
    public void Keep(ref RequestState state, int ownBlocks, int computedTokens)
    {
        var whole = Math.Max(0, computedTokens / _blockSize - state.PrefixNodes * _nodeBlocks);
        Pool.Free(ownBlocks - whole);
        var nodes = state.PrefixNodes;
        var run = whole > 0 ? Pool.Keep(whole) : None;
        Free(ref state, ownBlocks: 0);
        (state.KeptRun, state.KeptNodes) = (run, nodes);
    }

    /// <summary>The request does not come back for what it left.</summary>
    public void ForgetKept(ref RequestState state)
    {
        if (state.KeptRun != None)
            Pool.Forget(state.KeptRun);
        state.KeptRun = None;
    }

    /// <summary>Frees all memory of a request: its own blocks first, then its chain, deepest first.</summary>
    public void Free(ref RequestState state, int ownBlocks)
    {
        Pool.Free(ownBlocks);
        var node = state.PrefixNode;
        while (node != None)
        {
            var parent = Pool.Parent(node);
            Pool.Release(node);
            node = parent;
        }
        state.PrefixNode = None;
        state.PrefixNodes = 0;
        state.OwnBlocks = 0;
    }
}
