using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Plimsoll.Core.Scheduling;

/// <summary>
/// A list that keeps its memory: filled and cleared every step, it allocates only while it grows.
/// </summary>
struct GrowingList<T>(int capacity)
{
    T[] _items = capacity == 0 ? [] : new T[capacity];

    public int Count { get; private set; }

    /// <summary>
    /// What is in it. Count never exceeds the array, so nothing is checked twice on the hot path.
    /// </summary>
    public readonly ReadOnlySpan<T> Span =>
        MemoryMarshal.CreateReadOnlySpan(ref MemoryMarshal.GetArrayDataReference(_items), Count);

    public readonly ref T this[int index] => ref _items[index];

    public void Clear() => Count = 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(T item)
    {
        if (Count == _items.Length)
            Grow();
        _items[Count++] = item;
    }

    /// <summary>So many more, as whatever was there before: to be written.</summary>
    public Span<T> Extend(int count)
    {
        while (Count + count > _items.Length)
            Array.Resize(ref _items, Math.Max(4, 2 * _items.Length));
        var added = _items.AsSpan(Count, count);
        Count += count;
        return added;
    }

    void Grow() => Array.Resize(ref _items, Math.Max(4, 2 * Count));

    public void RemoveAt(int index)
    {
        _items.AsSpan(index + 1, Count - index - 1).CopyTo(_items.AsSpan(index));
        Count--;
    }
}
