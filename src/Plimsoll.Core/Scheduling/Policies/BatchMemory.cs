using System;

namespace Plimsoll.Core.Scheduling.Policies;

/// <summary>
/// Time is of no use without memory: with a share of the time a level of batch work is promised that share
/// of the KV blocks and of the seats. Prompts of others leave it what it lacks of them while it has prompts
/// to compute, and interactive ones put nobody out of them; and what its next prompt takes beyond, as long
/// as it is owed time all the same. Nothing is held back where no share is promised.
/// </summary>
sealed class BatchMemory
{
    readonly SchedulerState _state;
    readonly SlackQueues _queues;
    readonly int[] _blocks;
    readonly int[] _seats;
    readonly int _reserve;
    readonly bool[] _isOwed;

    /// <param name="state">Who holds what.</param>
    /// <param name="queues">Who waits.</param>
    /// <param name="reserve">Blocks that batch work itself leaves free.</param>
    public BatchMemory(SchedulerState state, SlackQueues queues, int reserve)
    {
        (_state, _queues, _reserve) = (state, queues, reserve);
        var levels = state.Options.Levels;
        (_blocks, _seats, _isOwed) = (new int[levels.Count], new int[levels.Count], new bool[levels.Count]);
        for (var level = 0; level < levels.Count; level++)
        {
            var share = BatchShare.Of(levels[level]);
            _blocks[level] = (int)(share * state.Options.NumBlocks);
            _seats[level] = (int)(share * state.Options.MaxNumSeqs);
        }
    }

    /// <summary>A step begins in which these levels are owed time.</summary>
    public void Begin(ReadOnlySpan<bool> isOwed) => isOwed.CopyTo(_isOwed);

    /// <summary>Blocks that a prompt leaves to levels of batch work other than its own.</summary>
    public int KeptBlocks(int prompt)
    {
        var kept = 0;
        for (var level = 0; level < _blocks.Length; level++)
        {
            if (!IsLeft(level, prompt, _blocks[level]))
                continue;
            kept += Math.Max(
                _isOwed[level] ? Blocks(_queues.Batch.Peek(level)) + _reserve : 0,
                _blocks[level] + _reserve - Held(level).Blocks);
        }
        return kept;
    }

    /// <summary>Seats that it leaves to them.</summary>
    public int KeptSeats(int prompt)
    {
        var kept = 0;
        for (var level = 0; level < _seats.Length; level++)
        {
            if (IsLeft(level, prompt, _seats[level]))
                kept += Math.Max(_isOwed[level] ? 1 : 0, _seats[level] - Held(level).Seats);
        }
        return kept;
    }

    /// <summary>
    /// Whether interactive prompts may put out this request: its level has its share of the blocks without.
    /// </summary>
    public bool HasBlocksWithout(int slot)
    {
        var level = _state.Requests[slot].Level;
        return _blocks[level] == 0
            || (!_isOwed[level] && Held(level).Blocks - Blocks(slot) >= _blocks[level]);
    }

    /// <summary>Whether its level has its share of the seats with one less.</summary>
    public bool HasSeatsWithout(int slot)
    {
        var level = _state.Requests[slot].Level;
        return _seats[level] == 0 || (!_isOwed[level] && Held(level).Seats > _seats[level]);
    }

    /// <summary>
    /// Whether a level's part is left to it: it has prompts, the one that asks is another's, and somebody is
    /// in the engine; an engine with nobody in it is whoever's comes first.
    /// </summary>
    bool IsLeft(int level, int prompt, int promised) =>
        promised > 0 && _queues.Batch.CountOf(level) > 0 && _state.Requests[prompt].Level != level
        && _state.Running.Count > 0;

    /// <summary>By cohorts and by the few prompts that are not computed: no decode is visited.</summary>
    (int Blocks, int Seats) Held(int level)
    {
        var held = (Blocks: 0, Seats: 0);
        foreach (var cohort in _state.Cohorts.All)
        {
            if (cohort.Count > 0 && cohort.Key.Level == level)
                held = (held.Blocks + cohort.Blocks(), held.Seats + cohort.Count);
        }
        foreach (var slot in _state.Running.Prefilling)
        {
            if (_state.Requests[slot].Level == level)
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
