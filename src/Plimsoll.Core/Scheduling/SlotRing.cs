namespace Plimsoll.Core.Scheduling;

/// <summary>Requests in order of arrival: a ring whose front takes preempted ones back.</summary>
sealed class SlotRing
{
    int[] _items = new int[64];
    int _first;

    public int Count { get; private set; }

    public int Peek() => _items[_first];

    public void Add(int request)
    {
        Reserve();
        _items[Wrap(_first + Count++)] = request;
    }

    public void AddFirst(int request)
    {
        Reserve();
        _first = Wrap(_first - 1);
        _items[_first] = request;
        Count++;
    }

    public int Take()
    {
        var request = _items[_first];
        _first = Wrap(_first + 1);
        Count--;
        return request;
    }

    /// <summary>Removes a request from anywhere; cancellation is rare, so the ring is searched.</summary>
    public void Remove(int request)
    {
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
