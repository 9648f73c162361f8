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
    /// Steps after batch work gave way in which none is admitted, so that it does not come and go.
    /// </summary>
    const int HoldSteps = 16;

    readonly SlackOptions _options = state.Options.Policy.Slack!;
    readonly BatchMemory _promised = new(state, queues, Reserve(state.Options));
    readonly int _reserve = Reserve(state.Options);
    int _hold;

    static int Reserve(SchedulerOptions options) =>
        (int)(options.Policy.Slack!.ReservedBlocks * options.NumBlocks);

    public void EndStep() => _hold = Math.Max(0, _hold - 1);

    public bool HasSeat(bool interactive) => interactive
        ? state.Running.Count + _promised.KeptSeats() < state.Options.MaxNumSeqs
            || (_promised.HasSeatsWithoutOne() && EvictBatch())
        : state.Running.Count < state.Options.MaxNumSeqs;

    public void MakeRoomForInteractiveDecodes(int adapter)
    {
        while (BlocksForCohorts(batch: false, adapter) > state.FreeBlocks)
        {
            if (!EvictBatch(keepsShare: true) && !EvictInteractive(None) && !EvictBatch())
                return;
        }
    }

    public void MakeRoomForBatchDecodes(int adapter)
    {
        while (BlocksForCohorts(batch: true, adapter) > state.FreeBlocks)
        {
            if (!EvictBatch())
                return;
        }
    }

    /// <summary>Tokens of the chunk that memory can be found for.</summary>
    public int MakeRoom(int request, ref PrefixHit hit, int start, int tokens, bool interactive)
    {
        ref var wanting = ref state.Requests[request];
        var waits = wanting.Phase == RequestPhase.Waiting;
        while (true)
        {
            var free = waits ? state.Memory.FreeBlocksBeside(hit) : state.FreeBlocks;
            var missing = waits
                ? state.Memory.MissingBlocks(hit, start + tokens)
                : state.Memory.MissingBlocks(wanting, start + tokens);
            if (!interactive && waits && !MayAdmitBatch(wanting, hit, free))
                return 0;
            if (interactive && waits)
                free = Math.Max(0, free - _promised.KeptBlocks());
            if (missing <= free)
                return tokens;
            if (interactive && EvictBatch(keepsShare: true))
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
            return Math.Max(0, fits);
        }
    }

    /// <summary>Somebody else gives way to a request that must go on. False when nobody is left.</summary>
    public bool GiveWay(int request) => EvictBatch(request) || EvictInteractive(request);

    /// <summary>A batch prompt is admitted whole or not at all, and leaves the reserve.</summary>
    bool MayAdmitBatch(in RequestState wanting, in PrefixHit hit, int free)
    {
        if (state.Running.Count == 0)
            return true;
        return _hold == 0 && state.Memory.MissingBlocks(hit, wanting.KnownTokens) <= free - _reserve;
    }

    int BlocksForCohorts(bool batch, int adapter)
    {
        var blocks = 0;
        foreach (var cohort in state.Cohorts.All)
        {
            if (cohort.Count > 0 && !cohort.Key.Parked && decodes.IsBatch(cohort) == batch
                && (adapter < 0 || cohort.Key.Adapter == adapter))
            {
                blocks += cohort.BlocksForNextStep();
            }
        }
        return blocks;
    }

    /// <summary>
    /// The newest batch request that the plan does not hold yet gives way, or the newest without which batch
    /// work has the blocks that it was promised. False when there is none.
    /// </summary>
    bool EvictBatch(int spared = None, bool keepsShare = false)
    {
        for (var slot = state.Running.Last; slot != None; slot = state.Requests[slot].Previous)
        {
            if (slot != spared && queues.IsBatch(slot) && MayGo(slot))
                return (!keepsShare || _promised.HasBlocksWithout(slot)) && Evict(slot);
        }
        return false;
    }

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
            state.SwapOut(slot);
        else
            state.Preempt(slot);
        if (!queues.IsBatch(slot))
            victim.QueueKey = state.NowNs;
        else
            _hold = HoldSteps;
        queues.Return(slot);
        return true;
    }

    bool SwapPays(int length)
    {
        if (_options.SwapNsPerToken is not { } nsPerToken || length == 0)
            return false;
        var again = new StepShape();
        again.AddChunk(0, length, endsPrompt: false);
        return 2 * nsPerToken * length < predictor.PredictNs(again);
    }
}
