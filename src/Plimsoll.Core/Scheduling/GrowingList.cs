using System;

namespace Plimsoll.Core.Scheduling;

/// <summary>A list that keeps its memory: filled and cleared every step, it allocates only while it grows.</summary>
struct GrowingList<T>(int capacity)
{
    T[] _items = capacity == 0 ? [] : new T[capacity];

    public int Count { get; private set; }

    public readonly ReadOnlySpan<T> Span => _items.AsSpan(0, Count);

    public void Clear() => Count = 0;

    public void Add(in T item)
    {
        if (Count == _items.Length)
            Array.Resize(ref _items, 2 * Count);
        _items[Count++] = item;
    }

    public void RemoveAt(int index)
    {
        _items.AsSpan(index + 1, Count - index - 1).CopyTo(_items.AsSpan(index));
        Count--;
    }
}
