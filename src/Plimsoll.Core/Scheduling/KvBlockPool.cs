using System;

namespace Plimsoll.Core.Scheduling;

/// <summary>
/// The paged KV memory of one engine rank: counted blocks, and blocks that a prefix key names.
/// <para>
/// Free memory is one queue, oldest first, as in vLLM: runs of plain blocks and cached nodes nobody holds.
/// Allocation takes from its head, so a cached node is evicted exactly when everything freed before it is
/// used up. A chain is released deepest node first, so a parent always outlives its children. What a
/// preempted request had computed beyond its chain is a kept run of that queue, until its memory is taken or
/// the request comes back.
/// </para>
/// </summary>
sealed class KvBlockPool
{
    const int None = -1;

    readonly int _nodeBlocks;
    readonly bool _tracksChanges;
    readonly PrefixIndex _index;
    GrowingList<PrefixChange> _changes = new(0);
    Entry[] _entries;
    int _head = None;
    int _tail = None;
    int _unused = None;
    int _used;

    public KvBlockPool(int totalBlocks, int blocksPerNode, bool tracksChanges = false)
    {
        _tracksChanges = tracksChanges;
        if (tracksChanges)
            _changes = new GrowingList<PrefixChange>(64);
        TotalBlocks = totalBlocks;
        FreeBlocks = totalBlocks;
        _nodeBlocks = blocksPerNode;
        _index = new PrefixIndex();
        _entries = new Entry[16];
        Append(NewEntry(plainBlocks: totalBlocks));
    }

    public int TotalBlocks { get; }

    /// <summary>Blocks that can be allocated, cached nodes that nobody holds included.</summary>
    public int FreeBlocks { get; private set; }

    /// <summary>Changes whenever an allocation that failed before might succeed.</summary>
    public long Epoch { get; private set; }

    /// <summary>
    /// Nodes named and forgotten since <see cref="ForgetChanges"/>, in order, when they are tracked.
    /// </summary>
    public ReadOnlySpan<PrefixChange> Changes => _changes.Span;

    public void ForgetChanges() => _changes.Clear();

    public void Allocate(int blocks)
    {
        Invariant.Holds(
            blocks <= FreeBlocks, "KV blocks are allocated only after checking that they are free");
        FreeBlocks -= blocks;
        while (blocks > 0)
        {
            ref var head = ref _entries[_head];
            if (head.IsNode)
                Evict(_head);
            var taken = Math.Min(blocks, head.PlainBlocks);
            head.PlainBlocks -= taken;
            blocks -= taken;
            if (head.PlainBlocks == 0 && _head != _tail)
                Drop(_head);
        }
    }

    public void Free(int blocks)
    {
        if (blocks == 0)
            return;
        FreeBlocks += blocks;
        Epoch++;
        if (_tail != None && !_entries[_tail].IsNode && !_entries[_tail].IsKept)
            _entries[_tail].PlainBlocks += blocks;
        else
            Append(NewEntry(blocks));
    }

    /// <summary>
    /// Frees blocks whose content one request may come back for; those taken from them first are the deepest.
    /// Returns what <see cref="TakeBack"/> and <see cref="Forget"/> want; each is to be called once.
    /// </summary>
    public int Keep(int blocks)
    {
        FreeBlocks += blocks;
        Epoch++;
        var run = NewEntry(blocks);
        _entries[run].IsKept = true;
        Append(run);
        return run;
    }

    /// <summary>Blocks of a kept run that nobody has taken.</summary>
    public int KeptBlocks(int run) => _entries[run].PlainBlocks;

    /// <summary>Allocates what is left of a kept run, as it was.</summary>
    public void TakeBack(int run)
    {
        FreeBlocks -= _entries[run].PlainBlocks;
        if (!_entries[run].IsOut)
            Unlink(run);
        EnsureQueue();
        Recycle(run);
    }

    /// <summary>Nobody comes back for a kept run: it is plain memory where it lies.</summary>
    public void Forget(int run)
    {
        if (_entries[run].IsOut)
            Recycle(run);
        _entries[run].IsKept = false;
    }

    /// <summary>The cached node of this key under this parent; negative when there is none.</summary>
    public int Find(ulong key, int parent)
    {
        var node = _index.Find(key);
        return node >= 0 && _entries[node].Parent == parent ? node : None;
    }

    public bool IsHeld(int node) => _entries[node].Holders > 0;

    public int Parent(int node) => _entries[node].Parent;

    public void Hold(int node)
    {
        if (_entries[node].Holders++ > 0)
            return;
        Unlink(node);
        EnsureQueue();
        FreeBlocks -= _nodeBlocks;
    }

    public void Release(int node)
    {
        ref var entry = ref _entries[node];
        Invariant.Holds(entry.Holders > 0, "a prefix node is released once per holder");
        if (--entry.Holders > 0)
            return;
        FreeBlocks += _nodeBlocks;
        Epoch++;
        DropEmptyTail();
        Append(node);
    }

    /// <summary>
    /// Names blocks that the caller allocated and filled; it now holds the node instead. Negative when the
    /// key already names a block of another chain.
    /// </summary>
    public int Insert(ulong key, int parent, RequestId holder)
    {
        if (_index.Find(key) >= 0)
            return None;
        var node = NewEntry(plainBlocks: 0);
        ref var entry = ref _entries[node];
        entry.IsNode = true;
        entry.Key = key;
        entry.Parent = parent;
        entry.Holders = 1;
        _index.Add(key, node);
        Epoch++;
        if (_tracksChanges)
            _changes.Add(new PrefixChange(node, key, parent, holder));
        return node;
    }

    void Evict(int node)
    {
        ref var entry = ref _entries[node];
        _index.Remove(entry.Key);
        if (_tracksChanges)
            _changes.Add(new PrefixChange(node, entry.Key, entry.Parent, RequestId.None));
        entry.IsNode = false;
        entry.PlainBlocks = _nodeBlocks;
    }

    int NewEntry(int plainBlocks)
    {
        var index = _unused;
        if (index != None)
        {
            _unused = _entries[index].Next;
        }
        else
        {
            if (_used == _entries.Length)
                Array.Resize(ref _entries, 2 * _used);
            index = _used++;
        }
        _entries[index] =
            new Entry { PlainBlocks = plainBlocks, Previous = None, Next = None, Parent = None };
        return index;
    }

    void Append(int index)
    {
        _entries[index].Previous = _tail;
        _entries[index].Next = None;
        if (_tail == None)
            _head = index;
        else
            _entries[_tail].Next = index;
        _tail = index;
    }

    void Unlink(int index)
    {
        ref var entry = ref _entries[index];
        if (entry.Previous == None)
            _head = entry.Next;
        else
            _entries[entry.Previous].Next = entry.Next;
        if (entry.Next == None)
            _tail = entry.Previous;
        else
            _entries[entry.Next].Previous = entry.Previous;
    }

    /// <summary>Takes a run without blocks off the queue; its owner may still hold a kept one.</summary>
    void Drop(int index)
    {
        Unlink(index);
        if (_entries[index].IsKept)
            _entries[index].IsOut = true;
        else
            Recycle(index);
    }

    void Recycle(int index)
    {
        _entries[index].Next = _unused;
        _unused = index;
    }

    /// <summary>
    /// The queue always has an entry, so allocation needs no special case for an empty one.
    /// </summary>
    void EnsureQueue()
    {
        if (_head == None)
            Append(NewEntry(plainBlocks: 0));
    }

    void DropEmptyTail()
    {
        if (_tail != None && !_entries[_tail].IsNode && _entries[_tail].PlainBlocks == 0)
            Drop(_tail);
    }

    struct Entry
    {
        public ulong Key;
        public int Parent;
        public int Holders;
        public int PlainBlocks;
        public int Previous;
        public int Next;
        public bool IsNode;
        public bool IsKept;
        public bool IsOut;
    }
}
