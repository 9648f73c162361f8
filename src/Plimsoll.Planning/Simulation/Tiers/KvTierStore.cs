using System;
using System.Collections.Generic;

namespace Plimsoll.Planning.Simulation.Tiers;

/// <summary>
/// Blocks that one memory keeps, the least recently used first to go. Keys name a block and all before it, so
/// a chain is used from its end to its beginning: a block never outlives one before it.
/// </summary>
sealed class KvTierStore(long capacity)
{
    readonly Dictionary<ulong, LinkedListNode<ulong>> _nodes = [];
    readonly LinkedList<ulong> _order = new();

    public int Count => _nodes.Count;

    public bool Holds(ulong key) => _nodes.ContainsKey(key);

    /// <summary>Leading blocks of a prompt that are here.</summary>
    public int Leading(ReadOnlySpan<ulong> keys, int from = 0)
    {
        var end = from;
        while (end < keys.Length && _nodes.ContainsKey(keys[end]))
            end++;
        return end - from;
    }

    /// <summary>The blocks are used: kept if they were not, and young again.</summary>
    /// <param name="keys">Of a prompt, the first block first.</param>
    /// <param name="evicted">Told of each block that is put out for it.</param>
    public void Use(ReadOnlySpan<ulong> keys, Action<ulong>? evicted = null)
    {
        // No more than what fits beside itself: of a longer prompt its beginning stays.
        for (var i = (int)Math.Min(keys.Length, capacity) - 1; i >= 0; i--)
        {
            if (_nodes.TryGetValue(keys[i], out var node))
            {
                _order.Remove(node);
                _order.AddLast(node);
                continue;
            }
            if (_nodes.Count >= capacity)
            {
                var oldest = _order.First!;
                _order.RemoveFirst();
                _nodes.Remove(oldest.Value);
                evicted?.Invoke(oldest.Value);
            }
            _nodes.Add(keys[i], _order.AddLast(keys[i]));
        }
    }
}
