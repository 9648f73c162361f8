using System;
using System.Numerics;

namespace Plimsoll.Planning.Simulation;

/// <summary>
/// Which decoding request ends at which step. Every step advances every decode by one token, so the step of
/// a finish is known when decoding starts; a ring of lists indexed by step makes each change O(1), and a
/// bitmap finds the next finish 64 steps at a time.
/// </summary>
sealed class FinishWheel
{
    const int Size = 4096;
    const int None = -1;

    readonly int[] _first = new int[Size];
    readonly ulong[] _occupied = new ulong[Size / 64];
    Link[] _links = new Link[64];

    public FinishWheel()
    {
        Array.Fill(_first, None);
    }

    public void Add(int request, long step)
    {
        if (request >= _links.Length)
            Array.Resize(ref _links, Math.Max(request + 1, 2 * _links.Length));
        var bucket = (int)step & (Size - 1);
        ref var link = ref _links[request];
        link.Step = step;
        link.Previous = None;
        link.Next = _first[bucket];
        if (link.Next != None)
            _links[link.Next].Previous = request;
        _first[bucket] = request;
        _occupied[bucket >> 6] |= 1UL << bucket;
    }

    public void Remove(int request)
    {
        ref var link = ref _links[request];
        var bucket = (int)link.Step & (Size - 1);
        if (link.Previous == None)
            _first[bucket] = link.Next;
        else
            _links[link.Previous].Next = link.Next;
        if (link.Next != None)
            _links[link.Next].Previous = link.Previous;
        if (_first[bucket] == None)
            _occupied[bucket >> 6] &= ~(1UL << bucket);
    }

    public long StepOf(int request) => _links[request].Step;

    /// <summary>
    /// Steps from <paramref name="now"/> to the first that may have a finish, at least 1. Never past one; a
    /// bucket shared with a far later step only makes a leap stop early.
    /// </summary>
    public int Distance(long now)
    {
        var start = (int)(now + 1) & (Size - 1);
        var word = start >> 6;
        var bits = _occupied[word] & (ulong.MaxValue << start);
        for (var i = 0; i <= Size / 64; i++)
        {
            if (bits != 0)
            {
                var bucket = (word << 6) + BitOperations.TrailingZeroCount(bits);
                return ((bucket - start) & (Size - 1)) + 1;
            }
            word = (word + 1) & (Size / 64 - 1);
            bits = _occupied[word];
        }
        return Size;
    }

    /// <summary>A request that ends at this step; negative when there is none.</summary>
    public int FirstOf(long step)
    {
        var request = _first[(int)step & (Size - 1)];
        while (request != None && _links[request].Step != step)
            request = _links[request].Next;
        return request;
    }

    struct Link
    {
        public long Step;
        public int Previous;
        public int Next;
    }
}
