using System;

namespace Plimsoll.Core.Scheduling;

/// <summary>
/// Requests by <see cref="RequestState.QueueKey"/>, then by arrival: a binary heap that knows where each of
/// its requests is, so that any of them can leave. A request is in one heap at a time.
/// </summary>
sealed class SlotHeap(RequestTable requests)
{
    const int None = -1;

    int[] _items = new int[16];

    public int Count { get; private set; }

    public ReadOnlySpan<int> Items => _items.AsSpan(0, Count);

    public int Peek() => _items[0];

    public void Add(int request)
    {
        if (Count == _items.Length)
            Array.Resize(ref _items, 2 * Count);
        RiseFrom(Count++, request);
    }

    public int Take()
    {
        var request = _items[0];
        Remove(request);
        return request;
    }

    public void Remove(int request)
    {
        var index = requests[request].HeapIndex;
        var last = _items[--Count];
        requests[request].HeapIndex = None;
        if (index == Count)
            return;
        RiseFrom(index, last);
        SinkFrom(requests[last].HeapIndex, last);
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
        requests[request].HeapIndex = index;
    }

    bool GoesBefore(int a, int b) => GoesBefore(requests, a, b);

    /// <summary>The order of the heap, for those of several.</summary>
    public static bool GoesBefore(RequestTable requests, int a, int b)
    {
        ref var left = ref requests[a];
        ref var right = ref requests[b];
        return left.QueueKey != right.QueueKey
            ? left.QueueKey < right.QueueKey
            : left.Sequence < right.Sequence;
    }
}
