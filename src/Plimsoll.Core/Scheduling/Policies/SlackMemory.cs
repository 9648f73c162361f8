using System;
using Plimsoll.Core.Timing;

namespace Plimsoll.Core.Scheduling.Policies;

/// <summary>
/// Who gives way when KV blocks or seats run out: batch work, newest first, its KV kept outside where that
/// costs less than computing it again. Interactive requests give way only to each other.
/// </summary>
sealed class SlackMemory(
    SchedulerState state, SlackQueues queues, SlackDecodes decodes, StepPredictor predictor)
{
    const int None = RunningList.None;

    /// <summary>
    /// Steps after batch work gave way in which none is admitted, so that it does not come and go; after an
    /// interactive request gave way, in which one is only with blocks for all of it and for so many steps of
    /// those that run.
    /// </summary>
    const int HoldSteps = 16;

    /// <summary>
    /// What levels of batch work keep of what they were promised when one of them gives way.
    /// </summary>
    enum Kept : byte
    {
        Nothing,
        Blocks,
        Seats,
    }

    readonly SlackOptions _options = state.Options.Policy.Slack!;
    readonly BatchMemory _promised = new(state, queues, Reserve(state.Options));
    readonly int _reserve = Reserve(state.Options);
    int _hold;
    int _crowded;
    long _spareNs;

    /// <summary>Time to move KV out and in before the step, nanoseconds.</summary>
    public long MovedNs { get; private set; }

    static int Reserve(SchedulerOptions options) =>
        (int)(options.Policy.Slack!.ReservedBlocks * options.NumBlocks);

    /// <param name="isOwed">The levels of batch work that are owed time.</param>
    public void BeginStep(ReadOnlySpan<bool> isOwed)
    {
        (MovedNs, _spareNs) = (0, 0);
        _promised.Begin(isOwed);
    }

    /// <summary>
    /// Nothing is committed of an empty plan, and what is held back must not wait for ever.
    /// </summary>
    public void EndPlan()
    {
        if (state.Plan.IsEmpty)
            EndSteps(1);
    }

    /// <summary>So many steps have passed, of which a plan that repeats itself makes several.</summary>
    public void EndSteps(int steps) =>
        (_hold, _crowded) = (Math.Max(0, _hold - steps), Math.Max(0, _crowded - steps));

    /// <summary>KV of so many tokens comes back before the step.</summary>
    public long InNs(int tokens) => (long)(tokens * (_options.SwapNsPerToken ?? 0));

    public void MoveIn(int tokens) => MovedNs += InNs(tokens);

    public bool HasSeat(int prompt) =>
        state.Running.Count + _promised.KeptSeats(prompt) < state.Options.MaxNumSeqs
            || (!queues.IsBatch(prompt) && EvictBatch(Kept.Seats));

    /// <param name="adapter">Whose turn it is; negative for everybody's.</param>
    /// <param name="spareNs">Time that the step has left for moving KV out.</param>
    public void MakeRoomForInteractiveDecodes(int adapter, long spareNs)
    {
        _spareNs = spareNs;
        while (LacksBlocks(batch: false, adapter))
        {
            if (!EvictBatch(Kept.Blocks) && !EvictInteractive(None) && !EvictBatch())
                return;
        }
    }

    /// <param name="level">Whose; negative for everybody's.</param>
    /// <param name="adapter">Whose turn it is; negative for everybody's.</param>
    public void MakeRoomForBatchDecodes(int level, int adapter)
    {
        _spareNs = 0;
        while (LacksBlocks(batch: true, adapter, level))
        {
            if (!EvictBatch())
                return;
        }
    }

    /// <summary>Tokens of the chunk that memory can be found for.</summary>
    public int MakeRoom(
        int request, ref PrefixHit hit, int start, int tokens, bool interactive, long spareNs)
    {
        _spareNs = spareNs;
        ref var wanting = ref state.Requests[request];
        var waits = wanting.Phase == RequestPhase.Waiting;
        while (true)
        {
            var free = waits ? state.Memory.FreeBlocksBeside(hit) : state.FreeBlocks;
            var missing = waits
                ? state.Memory.MissingBlocks(hit, start + tokens)
                : state.Memory.MissingBlocks(wanting, start + tokens);
            if (waits)
                free = Math.Max(0, free - _promised.KeptBlocks(request));
            if (!interactive && waits && !MayAdmitBatch(wanting, hit, free))
                return 0;
            var wanted = interactive && waits && _crowded > 0 && state.Running.Count > 0
                ? Math.Max(missing, Whole(wanting, hit)) : missing;
            if (wanted <= free)
                return tokens;
            if (interactive && EvictBatch(Kept.Blocks))
            {
                // What gave way may have been part of the chain that was found.
                if (waits)
                    hit = state.Memory.Find(wanting);
                if (waits && Math.Max(
                    hit.Nodes * state.Options.PrefixBlockTokens, wanting.TransferredTokens) != start)
                {
                    return 0;
                }
                continue;
            }
            var fits = tokens - ((missing - free) * state.Options.BlockSize);
            return wanted > missing ? 0 : Math.Max(0, fits);
        }
    }

    /// <summary>Blocks for all of a request, and what each of those that run comes to need.</summary>
    int Whole(in RequestState wanting, in PrefixHit hit)
    {
        var each = Math.Max(1, HoldSteps / state.Options.BlockSize);
        return state.Memory.MissingBlocks(hit, wanting.KnownTokens) + (each * state.Running.Count);
    }

    /// <summary>Somebody else gives way to a request that must go on. False when nobody is left.</summary>
    public bool GiveWay(int request)
    {
        _spareNs = 0;
        return EvictBatch(Kept.Nothing, request) || EvictInteractive(request);
    }

    /// <summary>A batch prompt is admitted whole or not at all, and leaves the reserve.</summary>
    bool MayAdmitBatch(in RequestState wanting, in PrefixHit hit, int free)
    {
        if (state.Running.Count == 0)
            return true;
        return _hold == 0 && state.Memory.MissingBlocks(hit, wanting.KnownTokens) <= free - _reserve;
    }

    /// <summary>A decode begins at most one block in a step, so mostly nothing is to be summed.</summary>
    bool LacksBlocks(bool batch, int adapter, int level = -1)
    {
        if (state.FreeBlocks >= state.Running.Count)
            return false;
        var blocks = 0;
        foreach (var cohort in state.Cohorts.All)
        {
            if (cohort.Count > 0 && !cohort.Key.Parked && cohort.IsBatch == batch
                && (adapter < 0 || cohort.Key.Adapter == adapter)
                && (level < 0 || cohort.Key.Level == level))
            {
                blocks += cohort.BlocksForNextStep();
            }
        }
        return blocks > state.FreeBlocks;
    }

    /// <summary>
    /// The newest batch request that the plan does not hold yet gives way, or the newest without which its
    /// level has what it was promised. False when there is none.
    /// </summary>
    bool EvictBatch(Kept kept = Kept.Nothing, int spared = None)
    {
        for (var slot = state.Running.Last; slot != None; slot = state.Requests[slot].Previous)
        {
            if (slot != spared && queues.IsBatch(slot) && MayGo(slot) && IsKeptWithout(slot, kept))
                return Evict(slot);
        }
        return false;
    }

    bool IsKeptWithout(int slot, Kept kept) => kept switch
    {
        Kept.Blocks => _promised.HasBlocksWithout(slot),
        Kept.Seats => _promised.HasSeatsWithout(slot),
        _ => true,
    };

    bool EvictInteractive(int spared)
    {
        for (var slot = state.Running.Last; slot != None; slot = state.Requests[slot].Previous)
        {
            if (slot != spared && slot != state.Running.First && !queues.IsBatch(slot) && MayGo(slot))
                return Evict(slot);
        }
        return false;
    }

    /// <summary>Prompts in the plan are in no heap, decodes in the plan are in a cohort that runs.</summary>
    bool MayGo(int slot)
    {
        ref var victim = ref state.Requests[slot];
        return victim.Phase == RequestPhase.Decoding ? !state.Runs(victim.Cohort) : victim.HeapIndex >= 0;
    }

    bool Evict(int slot)
    {
        ref var victim = ref state.Requests[slot];
        var decoding = victim.Phase == RequestPhase.Decoding;
        if (decoding)
            decodes.Remove(slot);
        else
            queues.Remove(slot);
        var length = decoding ? state.LengthOfDecode(victim) : victim.ComputedTokens;
        if (SwapPays(length))
            SwapOut(slot, length);
        else
            state.Preempt(slot);
        if (!queues.IsBatch(slot))
            (victim.QueueKey, _crowded) = (state.NowNs, HoldSteps);
        else
            _hold = HoldSteps;
        queues.Return(slot);
        return true;
    }

    void SwapOut(int slot, int length)
    {
        var ns = InNs(length);
        (_spareNs, MovedNs) = (_spareNs - ns, MovedNs + ns);
        state.SwapOut(slot);
    }

    /// <summary>
    /// Whether its KV moves out and back in less time than it is computed again, and out before anybody's
    /// token is due.
    /// </summary>
    bool SwapPays(int length)
    {
        if (_options.SwapNsPerToken is null || length == 0 || InNs(length) > _spareNs)
            return false;
        var again = new StepShape();
        again.AddChunk(0, length, endsPrompt: false);
        return 2 * InNs(length) < predictor.PredictNs(again);
    }
}
