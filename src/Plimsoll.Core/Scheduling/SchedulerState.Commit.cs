using System;
using System.Runtime.CompilerServices;

namespace Plimsoll.Core.Scheduling;

/// <summary>What a step that has ended changes.</summary>
partial class SchedulerState
{
    /// <summary>
    /// Steps pass for all that take part: one token each, and memory for those after the first is taken. What
    /// was taken for drafts comes back; those that were accepted take theirs again.
    /// </summary>
    public void Advance(int steps, long nowNs)
    {
        Steps += steps;
        foreach (ref readonly var run in Plan.Cohorts)
        {
            var cohort = Cohorts[run.Cohort];
            if (steps > 1)
                Memory.Pool.Allocate((int)cohort.BlocksForLaterSteps(steps - 1));
            if (run.DraftTokens > 0)
                Memory.Pool.Free((int)cohort.BlocksForLaterSteps(run.DraftTokens));
            cohort.Advance(steps);
            cohort.LastStepNs = nowNs;
        }
        if (steps > 1)
            NotePeak();
    }

    /// <summary>A decode that did not take part falls behind its cohort by one.</summary>
    public void SetBack(int request)
    {
        ref var state = ref Requests[request];
        var cohort = Cohorts[state.Cohort];
        cohort.Remove(state.DecodeBase);
        cohort.Add(++state.DecodeBase);
    }

    /// <summary>A decode yields no token after all: memory taken for it comes back.</summary>
    public void TakeBack(int request)
    {
        SetBack(request);
        Memory.Pool.Free(BlocksForDecode(Requests[request]));
    }

    /// <summary>Tokens of a decode beyond the step's one: its cohort is behind it by as many.</summary>
    public void KeepDrafts(int request, int accepted)
    {
        ref var state = ref Requests[request];
        var cohort = Cohorts[state.Cohort];
        var length = LengthOfDecode(state);
        Memory.Pool.Allocate(Memory.BlocksFor(length + accepted) - Memory.BlocksFor(length));
        cohort.Remove(state.DecodeBase);
        state.DecodeBase -= accepted;
        cohort.Add(state.DecodeBase);
    }

    /// <summary>
    /// The step was cut short: no cohort advances, and memory taken for its tokens comes back.
    /// </summary>
    public void Abort()
    {
        Steps++;
        foreach (ref readonly var run in Plan.Cohorts)
        {
            var cohort = Cohorts[run.Cohort];
            Memory.Pool.Free(cohort.BlocksForNextStep() + (int)cohort.BlocksForLaterSteps(run.DraftTokens));
        }
        foreach (ref readonly var skipped in Plan.SkippedDecodes)
            Memory.Pool.Allocate(BlocksForDecode(Requests[skipped.Slot]));
    }

    /// <summary>A prompt has so many tokens of KV now.</summary>
    public void KeepChunk(int request, int computedTokens)
    {
        ref var state = ref Requests[request];
        state.ComputedTokens = computedTokens;
        state.TransferredTokens = 0;
        Memory.Share(request);
    }

    /// <summary>A prompt is computed: its request decodes with the cohort from the next step on.</summary>
    public void Join(int request, DecodeCohort cohort, long nowNs)
    {
        ref var state = ref Requests[request];
        Running.EndPrompt(request);
        if (cohort.Count == 0)
            cohort.LastStepNs = nowNs;
        state.Phase = RequestPhase.Decoding;
        if (state.FirstTokenNs == 0)
            state.FirstTokenNs = nowNs;
        state.Cohort = cohort.Index;
        state.DecodeBase = cohort.Clock - state.ComputedTokens;
        cohort.Join(state.DecodeBase, state.Admission);
    }

    /// <summary>
    /// Decodes that no cohort of the plan holds stop for now and keep their KV, the last first: they move to
    /// the parked cohorts of their kinds, which never run.
    /// </summary>
    public void Park(ReadOnlySpan<int> requests)
    {
        var moves = Plan.AddMoves(requests.Length, parks: true);
        var hash = _hash;
        for (var i = 0; i < moves.Length; i++)
            moves[i] = Move(requests[^(i + 1)], parked: true, ref hash);
        _hash = hash;
    }

    /// <summary>Parked decodes go on with the others of their kinds.</summary>
    public void Resume(ReadOnlySpan<int> requests)
    {
        var moves = Plan.AddMoves(requests.Length, parks: false);
        var hash = _hash;
        for (var i = 0; i < moves.Length; i++)
            moves[i] = Move(requests[i], parked: false, ref hash);
        _hash = hash;
    }

    /// <summary>Inlined, so that the digest of many moves stays in a register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    CohortMove Move(int request, bool parked, ref DecisionHash hash)
    {
        ref var state = ref Requests[request];
        var from = Cohorts[state.Cohort];
        Invariant.Holds(
            from.Key.Parked != parked, "a decode is parked when it runs, and resumed when it is parked");
        from.Remove(state.DecodeBase);
        var to = Cohorts.TwinOf(from);
        if (to.Count == 0)
            to.LastStepNs = from.LastStepNs;
        state.Cohort = to.Index;
        state.DecodeBase += to.Clock - from.Clock;
        to.Add(state.DecodeBase);
        hash.Mix((ulong)state.Sequence, ((ulong)Steps << 1) | (parked ? 1UL : 0));
        return new CohortMove(new RequestId(request, state.Generation), from.Index, to.Index);
    }

    /// <summary>Takes a running request out of every list and forgets it.</summary>
    public void Release(int request)
    {
        ref var state = ref Requests[request];
        _hash.Mix((ulong)state.Sequence, (ulong)Steps);
        Policy?.Released(request);
        Memory.Free(ref state, LeaveRunning(request, ref state));
        Requests.Return(request);
    }

    /// <summary>Takes a request off the running list; returns the blocks of its own that it holds.</summary>
    int LeaveRunning(int request, ref RequestState state)
    {
        Running.Remove(request);
        if (state.Phase == RequestPhase.Prefilling)
            return state.OwnBlocks;
        Cohorts[state.Cohort].Remove(state.DecodeBase);
        return Memory.OwnBlocksOfDecode(state, LengthOfDecode(state));
    }

    void NotePeak() => PeakUsedBlocks = Math.Max(PeakUsedBlocks, Memory.Pool.TotalBlocks - FreeBlocks);
}
