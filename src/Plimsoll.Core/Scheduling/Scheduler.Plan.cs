using System;
using Plimsoll.Core.Timing;

namespace Plimsoll.Core.Scheduling;

public sealed partial class Scheduler
{
    /// <summary>Tests force the request-by-request walk to show that the shortcut decides the same.</summary>
    internal bool AlwaysInOrder { get; init; }

    /// <summary>
    /// Decides the next step. The plan stays valid until the next call; it must be committed first unless
    /// it is empty.
    /// </summary>
    public StepPlan Plan(long nowNs)
    {
        Invariant.Holds(!_stepInFlight, "a plan is committed before the next is made");
        KeepTime(nowNs);
        _plan.Clear();
        int preempted;
        do
        {
            _planSerial++;
            _plan.ClearSkipped();
            preempted = _plan.Preempted.Length;

            // 1. Running requests, in order of admission.
            var budget = _options.MaxNumBatchedTokens;
            budget = !AlwaysInOrder && EverybodyFits(budget) ? PlanTogether(budget) : PlanInOrder(budget);

            // 2. Waiting requests, unless memory is so short that somebody was just put out.
            if (_plan.Preempted.Length == preempted)
                Admit(budget);

            // A request of least priority may put itself out before anybody is scheduled: look again.
            Describe();
        }
        while (_plan.IsEmpty && _plan.Preempted.Length > preempted);
        PeakUsedBlocks = Math.Max(PeakUsedBlocks, UsedBlocks);
        _stepInFlight = !_plan.IsEmpty;
        return _plan;
    }

    /// <summary>
    /// Whether the order of the running list cannot matter: blocks suffice for all, and so does the budget,
    /// or at least for all decodes while every unfinished prompt comes after them.
    /// </summary>
    bool EverybodyFits(int budget)
    {
        if (_decodes.Count > budget)
            return false;
        var blocks = _decodes.Count > 0 ? _decodes.BlocksForNextStep() : 0;
        var left = budget - _decodes.Count;
        for (var i = 0; i < _prefillingCount; i++)
        {
            ref var state = ref _requests[_prefilling[i]];
            var wanted = Limited(state.KnownTokens - state.ComputedTokens);
            var tokens = Math.Min(wanted, left);
            if (tokens < wanted && state.Admission < _latestDecodeAdmission)
                return false;
            blocks += MissingBlocks(state, state.ComputedTokens + tokens);
            left -= tokens;
        }
        return blocks <= _pool.FreeBlocks;
    }

    int PlanTogether(int budget)
    {
        if (_decodes.Count > 0)
            _pool.Allocate(_decodes.BlocksForNextStep());
        budget -= _decodes.Count;
        for (var i = 0; i < _prefillingCount && budget > 0; i++)
            budget -= PlanChunk(_prefilling[i], budget);
        return budget;
    }

    int PlanInOrder(int budget)
    {
        var request = _runningFirst;
        while (request != None && budget > 0)
        {
            ref var state = ref _requests[request];
            var next = state.Next;
            var decoding = state.Phase == RequestPhase.Decoding;
            var tokens = decoding ? 1 : Math.Min(Limited(state.KnownTokens - state.ComputedTokens), budget);
            var blocks = decoding
                ? (DecodedLength(state) % _blockSize == 0 ? 1 : 0)
                : MissingBlocks(state, state.ComputedTokens + tokens);
            var preempted = None;
            while (blocks > _pool.FreeBlocks && preempted != request)
            {
                preempted = PickVictim();
                if (preempted == next)
                    next = _requests[next].Next;
                budget += Preempt(preempted);
            }
            if (preempted == request)
            {
                request = next;
                break;
            }
            if (decoding)
            {
                _pool.Allocate(blocks);
                state.ScheduledPlan = _planSerial;
                budget--;
            }
            else
            {
                budget -= PlanChunk(request, tokens);
            }
            request = next;
        }
        for (; request != None; request = _requests[request].Next)
        {
            if (_requests[request].Phase == RequestPhase.Decoding)
                _plan.AddSkipped(request);
        }
        return budget;
    }

    int PlanChunk(int request, int budget)
    {
        ref var state = ref _requests[request];
        var missing = state.KnownTokens - state.ComputedTokens;
        var tokens = Math.Min(Limited(missing), budget);
        var blocks = MissingBlocks(state, state.ComputedTokens + tokens);
        _pool.Allocate(blocks);
        state.OwnBlocks += blocks;
        _plan.AddChunk(new PrefillChunk(
            request, state.ComputedTokens, tokens, state.CachedTokens, tokens == missing));
        return tokens;
    }

    void Admit(int budget)
    {
        while (_waiting.Count > 0 && budget > 0 && Running < _options.MaxNumSeqs)
        {
            var request = _waiting.Peek();
            if (request == _blockedRequest && _pool.Epoch == _blockedEpoch)
                return;
            ref var state = ref _requests[request];
            var hit = FindPrefix(state);
            var start = Math.Max(hit.Nodes * _options.PrefixBlockTokens, state.TransferredTokens);
            var missing = state.KnownTokens - start;
            var tokens = Limited(missing);
            // Without chunking a prompt waits for a step it fits into; one that a preemption has made longer
            // than any step is chunked all the same, or it would wait for ever.
            if (!_options.EnableChunkedPrefill && tokens > budget && budget < _options.MaxNumBatchedTokens)
                return;
            tokens = Math.Min(tokens, budget);
            var blocks = BlocksFor(start + tokens) - hit.Nodes * _nodeBlocks;
            if (blocks > _pool.FreeBlocks - hit.UnheldNodes * _nodeBlocks)
            {
                _blockedRequest = request;
                _blockedEpoch = _pool.Epoch;
                return;
            }

            _waiting.Take();
            HoldPrefix(ref state, hit);
            _pool.Allocate(blocks);
            state.OwnBlocks = blocks;
            state.ComputedTokens = start;
            state.Phase = RequestPhase.Prefilling;
            AppendToRunning(request);
            _plan.AddChunk(new PrefillChunk(request, start, tokens, state.CachedTokens, tokens == missing));
            budget -= tokens;
        }
    }

    void Describe()
    {
        var context = _decodes.ComputedTokens + _decodes.Count;
        foreach (var skipped in _plan.SkippedDecodes)
            context -= DecodedLength(_requests[skipped]) + 1;
        var decodes = _decodes.Count - _plan.SkippedDecodes.Length;
        int prefillTokens = 0, logitRows = decodes;
        long pairs = 0, prefillContext = 0;
        foreach (ref readonly var chunk in _plan.Chunks)
        {
            var end = chunk.Start + chunk.Tokens;
            prefillTokens += chunk.Tokens;
            prefillContext += end;
            pairs += (long)chunk.Tokens * end - (long)chunk.Tokens * (chunk.Tokens - 1) / 2;
            logitRows += chunk.EndsPrompt ? 1 : 0;
            Mix((ulong)_requests[chunk.Request].Sequence,
                (ulong)_decodes.Clock ^ ((ulong)chunk.Start << 40) ^ ((ulong)chunk.Tokens << 20));
        }
        _plan.Shape = new StepShape
        {
            Decodes = decodes,
            DecodeContextTokens = context,
            PrefillChunks = _plan.Chunks.Length,
            PrefillTokens = prefillTokens,
            PrefillPairs = pairs,
            PrefillContextTokens = prefillContext,
            LogitRows = logitRows,
        };
        var repeats = _plan.Chunks.Length == 0 && decodes > 0
            && _plan.SkippedDecodes.Length == 0 && _plan.Preempted.Length == 0;
        if (repeats)
            _plan.RepeatableSteps = 1 + _decodes.LaterStepsWithin(_pool.FreeBlocks);
    }

    int Limited(int tokens)
    {
        var threshold = _options.LongPrefillTokenThreshold;
        return threshold > 0 && tokens > threshold ? threshold : tokens;
    }

    int MissingBlocks(in RequestState state, int tokens) =>
        Math.Max(0, BlocksFor(tokens) - state.OwnBlocks - state.PrefixNodes * _nodeBlocks);
}
