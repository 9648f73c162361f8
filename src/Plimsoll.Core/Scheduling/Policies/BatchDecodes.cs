using System;

namespace Plimsoll.Core.Scheduling.Policies;

/// <summary>
/// Batch requests of a level that decode, oldest admission first. The first <see cref="Active"/> run, the
/// rest are parked: who runs is a place in the order, and moving it touches only those it passes.
/// </summary>
sealed class BatchDecodes(SchedulerState state)
{
    int[] _items = new int[64];

    public int Count { get; private set; }

    public int Active { get; private set; }

    public ReadOnlySpan<int> Items => _items.AsSpan(0, Count);

    public void Add(int request)
    {
        if (Count == _items.Length)
            Array.Resize(ref _items, 2 * Count);
        // It joined a cohort that runs, so it stands among the active, by its admission.
        var index = Active;
        while (index > 0 && state.Requests[_items[index - 1]].Admission > state.Requests[request].Admission)
            index--;
        _items.AsSpan(index, Count - index).CopyTo(_items.AsSpan(index + 1));
        _items[index] = request;
        Count++;
        Active++;
    }

    /// <summary>
    /// Forgets a request. False when it was never listed: it left in the step that ended its prompt.
    /// </summary>
    public bool Remove(int request)
    {
        var index = Items.IndexOf(request);
        if (index < 0)
            return false;
        _items.AsSpan(index + 1, Count - index - 1).CopyTo(_items.AsSpan(index));
        Count--;
        if (index < Active)
            Active--;
        return true;
    }

    /// <summary>Parks or resumes until so many run.</summary>
    public void SetActive(int count)
    {
        if (count < Active)
            state.Park(Items[count..Active]);
        else
            state.Resume(Items[Active..count]);
        Active = count;
    }
}
