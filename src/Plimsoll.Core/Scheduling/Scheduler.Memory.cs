using System;

namespace Plimsoll.Core.Scheduling;

public sealed partial class Scheduler
{
    readonly record struct PrefixHit(int Node, int Nodes, int UnheldNodes);

    /// <summary>
    /// The longest cached chain of a request's keys. At least one token is always left to compute, since
    /// only a computed token yields logits.
    /// </summary>
    PrefixHit FindPrefix(in RequestState state)
    {
        if (state.PrefixKeys.IsEmpty)
            return new PrefixHit(None, 0, 0);
        var keys = state.PrefixKeys.Span;
        var most = Math.Min(keys.Length, (state.KnownTokens - 1) / _options.PrefixBlockTokens);
        int node = None, nodes = 0, unheld = 0;
        while (nodes < most)
        {
            var next = _pool.Find(keys[nodes], node);
            if (next < 0)
                break;
            unheld += _pool.IsHeld(next) ? 0 : 1;
            node = next;
            nodes++;
        }
        return new PrefixHit(node, nodes, unheld);
    }

    void HoldPrefix(ref RequestState state, in PrefixHit hit)
    {
        PrefixQueriedTokens += state.KnownTokens;
        state.PrefixNode = hit.Node;
        state.PrefixNodes = hit.Nodes;
        state.CachedTokens = hit.Nodes * _options.PrefixBlockTokens;
        PrefixHitTokens += state.CachedTokens;
        for (var node = hit.Node; node != None; node = _pool.Parent(node))
            _pool.Hold(node);
    }

    /// <summary>
    /// Names the blocks whose tokens are now all computed. Where another request named the same content
    /// first, its block is held instead and the duplicate is freed.
    /// </summary>
    void SharePrefix(ref RequestState state)
    {
        if (state.PrefixKeys.IsEmpty)
            return;
        var keys = state.PrefixKeys.Span;
        var whole = Math.Min(state.ComputedTokens, state.PromptTokens) / _options.PrefixBlockTokens;
        while (state.PrefixNodes < Math.Min(whole, keys.Length))
        {
            var key = keys[state.PrefixNodes];
            var node = _pool.Find(key, state.PrefixNode);
            if (node >= 0)
            {
                _pool.Hold(node);
                _pool.Free(_nodeBlocks);
            }
            else
            {
                node = _pool.Insert(key, state.PrefixNode);
                if (node < 0)
                    return;
            }
            state.OwnBlocks -= _nodeBlocks;
            state.PrefixNode = node;
            state.PrefixNodes++;
        }
    }

    /// <summary>Frees all memory of a running request: its own blocks first, then its chain, deepest first.</summary>
    void FreeMemory(ref RequestState state, int ownBlocks)
    {
        _pool.Free(ownBlocks);
        var node = state.PrefixNode;
        while (node != None)
        {
            var parent = _pool.Parent(node);
            _pool.Release(node);
            node = parent;
        }
        state.PrefixNode = None;
        state.PrefixNodes = 0;
        state.OwnBlocks = 0;
    }

    /// <summary>Takes a running request out of every list and forgets it.</summary>
    void Release(int request)
    {
        ref var state = ref _requests[request];
        Mix((ulong)state.Sequence, (ulong)_decodes.Clock);
        FreeMemory(ref state, LeaveRunning(request, ref state));
        _requests.Return(request);
    }

    /// <summary>Takes a request off the running list; returns the blocks of its own that it holds.</summary>
    int LeaveRunning(int request, ref RequestState state)
    {
        RemoveFromRunning(request, ref state);
        if (state.Phase == RequestPhase.Prefilling)
        {
            RemoveFromPrefilling(request);
            return state.OwnBlocks;
        }
        _decodes.Remove(state.DecodeBase);
        return BlocksFor(DecodedLength(state)) - state.PrefixNodes * _nodeBlocks;
    }

    /// <summary>The request that gives way: the last admitted, or the one of least priority.</summary>
    int PickVictim()
    {
        if (!_byPriority)
            return _runningLast;
        var victim = _runningFirst;
        for (var request = _runningFirst; request != None; request = _requests[request].Next)
        {
            ref var worst = ref _requests[victim];
            ref var state = ref _requests[request];
            if (state.Priority > worst.Priority
                || (state.Priority == worst.Priority && state.Sequence > worst.Sequence))
            {
                victim = request;
            }
        }
        return victim;
    }

    /// <summary>
    /// Frees a running request's memory and sends it back to wait; what it knew must be recomputed. Returns
    /// the tokens that the plan in the making had given it.
    /// </summary>
    int Preempt(int request)
    {
        ref var state = ref _requests[request];
        var decoding = state.Phase == RequestPhase.Decoding;
        var scheduled = decoding && state.ScheduledPlan == _planSerial;
        var length = DecodedLength(state);
        var tokens = scheduled ? 1 : _plan.RemoveChunk(request);
        var blocks = LeaveRunning(request, ref state);
        if (scheduled && length % _blockSize == 0)
            blocks++;
        FreeMemory(ref state, blocks);
        if (decoding)
            state.KnownTokens = length + 1;
        state.ComputedTokens = 0;
        state.TransferredTokens = 0;
        state.Phase = RequestPhase.Waiting;
        _waiting.Return(request);
        _blockedRequest = None;
        Preemptions++;
        _plan.AddPreempted(request);
        Mix((ulong)state.Sequence, ~(ulong)_decodes.Clock);
        return tokens;
    }

    void AppendToRunning(int request)
    {
        ref var state = ref _requests[request];
        state.Admission = _nextAdmission++;
        state.Previous = _runningLast;
        state.Next = None;
        if (_runningLast == None)
            _runningFirst = request;
        else
            _requests[_runningLast].Next = request;
        _runningLast = request;
        Running++;
        if (_prefillingCount == _prefilling.Length)
            Array.Resize(ref _prefilling, 2 * _prefillingCount);
        _prefilling[_prefillingCount++] = request;
    }

    void RemoveFromRunning(int request, ref RequestState state)
    {
        if (state.Previous == None)
            _runningFirst = state.Next;
        else
            _requests[state.Previous].Next = state.Next;
        if (state.Next == None)
            _runningLast = state.Previous;
        else
            _requests[state.Next].Previous = state.Previous;
        Running--;
    }

    void RemoveFromPrefilling(int request)
    {
        var index = Array.IndexOf(_prefilling, request, 0, _prefillingCount);
        _prefilling.AsSpan(index + 1, _prefillingCount - index - 1).CopyTo(_prefilling.AsSpan(index));
        _prefillingCount--;
    }
}
