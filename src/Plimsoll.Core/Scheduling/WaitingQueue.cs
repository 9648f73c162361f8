namespace Plimsoll.Core.Scheduling;

/// <summary>
/// Requests that wait in vLLM's order: a ring whose front takes preempted requests back, or a heap on
/// (priority, arrival), which puts them back where they belong by itself.
/// </summary>
sealed class WaitingQueue(RequestTable requests, AdmissionOrder order)
{
    readonly SlotRing _ring = new();
    readonly SlotHeap? _heap = order == AdmissionOrder.Priority ? new SlotHeap(requests) : null;

    public int Count => _heap?.Count ?? _ring.Count;

    public int Peek() => _heap?.Peek() ?? _ring.Peek();

    public int Take() => _heap?.Take() ?? _ring.Take();

    public void Add(int request)
    {
        if (_heap is null)
            _ring.Add(request);
        else
            AddByPriority(request);
    }

    /// <summary>Puts a preempted request back, ahead of everything that arrived after it.</summary>
    public void Return(int request)
    {
        if (_heap is null)
            _ring.AddFirst(request);
        else
            AddByPriority(request);
    }

    public void Remove(int request)
    {
        if (_heap is null)
            _ring.Remove(request);
        else
            _heap.Remove(request);
    }

    void AddByPriority(int request)
    {
        requests[request].QueueKey = requests[request].Priority;
        _heap!.Add(request);
    }
}
