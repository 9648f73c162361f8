namespace Plimsoll.Core.Scheduling;

/// <summary>
/// Requests that wait. In arrival order it is a ring whose front takes preempted requests back; in priority
/// order a binary heap on (priority, arrival), which puts them back where they belong by itself.
/// </summary>
sealed class WaitingQueue
{
    readonly RequestTable _requests;
    readonly bool _byPriority;
    int[] _items = new int[64];
    int _first;

    public WaitingQueue(RequestTable requests, AdmissionOrder order)
    {
        _requests = requests;
        _byPriority = order == AdmissionOrder.Priority;
    }

    public int Count { get; private set; }

    public int Peek() => _items[_first];

    public void Add(int request)
    {
        Reserve();
        if (_byPriority)
            RiseFrom(Count++, request);
        else
            _items[Wrap(_first + Count++)] = request;
    }

    /// <summary>Puts a preempted request back, ahead of everything that arrived after it.</summary>
    public void Return(int request)
    {
        if (_byPriority)
        {
            Add(request);
            return;
        }
        Reserve();
        _first = Wrap(_first - 1);
        _items[_first] = request;
        Count++;
    }

    public int Take()
    {
        var request = _items[_first];
        if (_byPriority)
        {
            RemoveAt(0);
        }
        else
        {
            _first = Wrap(_first + 1);
            Count--;
        }
        return request;
    }

    /// <summary>Removes a request from anywhere; cancellation is rare, so the ring is searched.</summary>
    public void Remove(int request)
    {
        if (_byPriority)
        {
            RemoveAt(_requests[request].HeapIndex);
            return;
        }
        var i = 0;
        while (_items[Wrap(_first + i)] != request)
        {
            i++;
            Invariant.Holds(i < Count, "a waiting request is in the queue");
        }
        for (; i < Count - 1; i++)
            _items[Wrap(_first + i)] = _items[Wrap(_first + i + 1)];
        Count--;
    }

    void RemoveAt(int index)
    {
        var last = _items[--Count];
        if (index == Count)
            return;
        RiseFrom(index, last);
        SinkFrom(_requests[last].HeapIndex, last);
    }

    void RiseFrom(int index, int request)
    {
        while (index > 0)
        {
            var parent = (index - 1) / 2;
            if (!GoesBefore(request, _items[parent]))
                break;
            Put(index, _items[parent]);
            index = parent;
        }
        Put(index, request);
    }

    void SinkFrom(int index, int request)
    {
        while (true)
        {
            var child = 2 * index + 1;
            if (child >= Count)
                break;
            if (child + 1 < Count && GoesBefore(_items[child + 1], _items[child]))
                child++;
            if (!GoesBefore(_items[child], request))
                break;
            Put(index, _items[child]);
            index = child;
        }
        Put(index, request);
    }

    void Put(int index, int request)
    {
        _items[index] = request;
        _requests[request].HeapIndex = index;
    }

    bool GoesBefore(int a, int b)
    {
        ref var left = ref _requests[a];
        ref var right = ref _requests[b];
        return left.Priority != right.Priority
            ? left.Priority < right.Priority
            : left.Sequence < right.Sequence;
    }

    int Wrap(int index) => index & (_items.Length - 1);

    void Reserve()
    {
        if (Count < _items.Length)
            return;
        var grown = new int[2 * _items.Length];
        for (var i = 0; i < Count; i++)
            grown[i] = _items[Wrap(_first + i)];
        _items = grown;
        _first = 0;
    }
}
