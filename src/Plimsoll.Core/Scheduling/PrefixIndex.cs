namespace Plimsoll.Core.Scheduling;

/// <summary>
/// Prefix key to node: open addressing with linear probing and backward-shift deletion, so a table that
/// inserts and evicts for ever never fills with tombstones and never allocates once grown.
/// </summary>
sealed class PrefixIndex
{
    const int Empty = 0;

    ulong[] _keys = new ulong[64];
    int[] _nodesPlusOne = new int[64];
    int _count;

    /// <summary>The node of this key; negative when there is none.</summary>
    public int Find(ulong key)
    {
        var mask = _keys.Length - 1;
        var slot = Home(key, mask);
        while (_nodesPlusOne[slot] != Empty)
        {
            if (_keys[slot] == key)
                return _nodesPlusOne[slot] - 1;
            slot = (slot + 1) & mask;
        }
        return -1;
    }

    public void Add(ulong key, int node)
    {
        if (2 * ++_count > _keys.Length)
            Grow();
        Place(key, node + 1);
    }

    public void Remove(ulong key)
    {
        var mask = _keys.Length - 1;
        var slot = Home(key, mask);
        while (_keys[slot] != key || _nodesPlusOne[slot] == Empty)
        {
            Invariant.Holds(_nodesPlusOne[slot] != Empty, "only a cached key is removed");
            slot = (slot + 1) & mask;
        }
        _count--;
        var gap = slot;
        for (var next = (slot + 1) & mask; _nodesPlusOne[next] != Empty; next = (next + 1) & mask)
        {
            var displacement = (next - Home(_keys[next], mask)) & mask;
            if (displacement < ((next - gap) & mask))
                continue;
            _keys[gap] = _keys[next];
            _nodesPlusOne[gap] = _nodesPlusOne[next];
            gap = next;
        }
        _nodesPlusOne[gap] = Empty;
    }

    static int Home(ulong key, int mask) => (int)((key * 0x9E3779B97F4A7C15UL) >> 32) & mask;

    void Place(ulong key, int nodePlusOne)
    {
        var mask = _keys.Length - 1;
        var slot = Home(key, mask);
        while (_nodesPlusOne[slot] != Empty)
            slot = (slot + 1) & mask;
        _keys[slot] = key;
        _nodesPlusOne[slot] = nodePlusOne;
    }

    void Grow()
    {
        var keys = _keys;
        var nodes = _nodesPlusOne;
        _keys = new ulong[2 * keys.Length];
        _nodesPlusOne = new int[2 * keys.Length];
        for (var i = 0; i < keys.Length; i++)
        {
            if (nodes[i] != Empty)
                Place(keys[i], nodes[i]);
        }
    }
}
