using System;

namespace Plimsoll.Core.Scheduling.Policies;

/// <summary>
/// Time is of no use without memory: with a share of the time batch work is promised that share of the KV
/// blocks and of the seats. Interactive prompts leave it what it lacks of them while it has prompts to
/// compute, and put nobody out of them; and what its next prompt takes beyond, as long as it is owed time all
/// the same. Nothing is held back where no share is promised.
/// </summary>
sealed class BatchMemory
{
    readonly SchedulerState _state;
    readonly SlackQueues _queues;
    readonly int _blocks;
    readonly int _seats;
    readonly int _reserve;

    /// <param name="state">Who holds what.</param>
    /// <param name="queues">Who waits.</param>
    /// <param name="reserve">Blocks that batch work itself leaves free.</param>
    public BatchMemory(SchedulerState state, SlackQueues queues, int reserve)
    {
        _reserve = reserve;
        (_state, _queues) = (state, queues);
        var share = BatchShare.Promised(state.Options);
        _blocks = (int)(share * state.Options.NumBlocks);
        _seats = (int)(share * state.Options.MaxNumSeqs);
    }

    /// <summary>Whether batch work is owed time.</summary>
    public bool IsOwed { get; set; }

    /// <summary>Blocks that interactive prompts leave to batch work.</summary>
    public int KeptBlocks() => IsLeft(_blocks)
        ? Math.Max(IsOwed ? Blocks(_queues.Batch.Peek()) + _reserve : 0, _blocks + _reserve - Held().Blocks)
        : 0;

    /// <summary>Seats that they leave to it.</summary>
    public int KeptSeats() => IsLeft(_seats) ? Math.Max(IsOwed ? 1 : 0, _seats - Held().Seats) : 0;

    /// <summary>
    /// Whether interactive prompts may put out this request of it: it has its share of the blocks without.
    /// </summary>
    public bool HasBlocksWithout(int slot) =>
        _blocks == 0 || (!IsOwed && Held().Blocks - Blocks(slot) >= _blocks);

    /// <summary>Whether it has its share of the seats with one less.</summary>
    public bool HasSeatsWithoutOne() => _seats == 0 || (!IsOwed && Held().Seats > _seats);

    /// <summary>An engine with nobody in it is whoever's comes first.</summary>
    bool IsLeft(int promised) => promised > 0 && _queues.Batch.Count > 0 && _state.Running.Count > 0;

    /// <summary>By cohorts and by the few prompts that are not computed: no decode is visited.</summary>
    (int Blocks, int Seats) Held()
    {
        var held = (Blocks: 0, Seats: 0);
        foreach (var cohort in _state.Cohorts.All)
        {
            if (cohort.Count > 0 && cohort.IsBatch)
                held = (held.Blocks + cohort.Blocks(), held.Seats + cohort.Count);
        }
        foreach (var slot in _state.Running.Prefilling)
        {
            if (_queues.IsBatch(slot))
                held = (held.Blocks + Blocks(slot), held.Seats + 1);
        }
        return held;
    }

    /// <summary>What a request holds; a prompt is admitted whole, so all of it.</summary>
    int Blocks(int slot)
    {
        ref var request = ref _state.Requests[slot];
        return _state.Memory.BlocksFor(
            request.Phase == RequestPhase.Decoding ? _state.LengthOfDecode(request) : request.KnownTokens);
    }
}
