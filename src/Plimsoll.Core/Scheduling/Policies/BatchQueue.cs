namespace Plimsoll.Core.Scheduling.Policies;

/// <summary>
/// Batch prompts that are not computed, in the order of their turns, of all levels or of one: a level whose
/// share is owed goes before the others' turns.
/// </summary>
sealed class BatchQueue
{
    readonly SchedulerState _state;
    readonly SlotHeap[] _levels;

    public BatchQueue(SchedulerState state)
    {
        _state = state;
        _levels = new SlotHeap[state.Options.Levels.Count];
        for (var i = 0; i < _levels.Length; i++)
            _levels[i] = new SlotHeap(state.Requests);
    }

    /// <summary>Prompts of all levels.</summary>
    public int Count { get; private set; }

    public int CountOf(int level) => _levels[level].Count;

    public void Add(int request)
    {
        Count++;
        _levels[_state.Requests[request].Level].Add(request);
    }

    public void Remove(int request)
    {
        Count--;
        _levels[_state.Requests[request].Level].Remove(request);
    }

    /// <summary>Who is next; negative for nobody.</summary>
    /// <param name="level">Of one level; negative: of all.</param>
    public int Peek(int level = -1)
    {
        if (level >= 0)
            return _levels[level].Count > 0 ? _levels[level].Peek() : -1;
        var next = -1;
        foreach (var heap in _levels)
        {
            if (heap.Count > 0 && (next < 0 || SlotHeap.GoesBefore(_state.Requests, heap.Peek(), next)))
                next = heap.Peek();
        }
        return next;
    }
}
