using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Plimsoll.Engine.Grammars;

/// <summary>A grammar in which one text may be read in too many ways to go on with it.</summary>
public sealed class GrammarTooCostlyException() : Exception(
    "grammar: it can be read in too many ways at once; a less ambiguous one was expected");

/// <summary>
/// Walks through a grammar on all ways at once. A <em>point</em> is the set of all places that a text may
/// have led to, each with the calls that it is inside of; calls that are inside the same ones are the same,
/// so that ways which meet are one. Points are kept, and where each byte leads from them, until they
/// become too many.
/// <para>
/// Whoever walks has only so much work to do: it is used up by finding new points and comes back with
/// <see cref="Rest"/>. Walking known ways is free.
/// </para>
/// </summary>
sealed class GrammarWalk
{
    /// <summary>Work that may be done at once: places visited, about 20 ns each.</summary>
    const int MostWork = 500_000;

    /// <summary>Work that a token gives back.</summary>
    const int TokenWork = 10_000;

    const int MostPoints = 2048;
    const int MostPlaces = 250_000;
    const int Dead = 0;
    const int Unknown = -1;

    /// <param name="Places">Of each place its number above, and the call it is inside of below.</param>
    /// <param name="CanEnd">Whether the text may end here.</param>
    /// <param name="Next">By byte: the point that it leads to.</param>
    sealed record Point(long[] Places, bool CanEnd, short[] Next);

    readonly GrammarMachine _machine;
    readonly List<Point> _points = [];
    readonly Dictionary<Key, short> _known = [];
    readonly List<(int Next, int Outer)> _calls = [];
    readonly Dictionary<(int Next, int Outer), int> _callOf = [];
    readonly HashSet<long> _seen = [];
    readonly Stack<long> _open = [];
    readonly List<long> _places = [];
    int _placesKept;
    int _work = MostWork;

    public GrammarWalk(GrammarMachine machine)
    {
        _machine = machine;
        Forget();
        _open.Push(Pack(machine.Start, None));
        At = Close();
    }

    const int None = -1;

    /// <summary>The point that the text has led to.</summary>
    public int At { get; private set; }

    /// <summary>Whether the text may end here.</summary>
    public bool CanEnd => _points[At].CanEnd;

    /// <summary>The point that a byte leads to; below one where the grammar does not go on with it.</summary>
    public int Next(int point, byte value)
    {
        var known = _points[point].Next[value];
        return known != Unknown ? known : Find(point, value);
    }

    /// <summary>The text goes on to a point, and work comes back.</summary>
    public void Rest(int point)
    {
        At = point;
        _work = Math.Min(MostWork, _work + TokenWork);
    }

    /// <summary>
    /// Drops the points that the text is not at, should they be many: between two tokens, when nobody
    /// holds on to one.
    /// </summary>
    public void Tidy()
    {
        if (_points.Count < MostPoints / 2 && _placesKept < MostPlaces / 2 && _calls.Count < MostPlaces / 2)
            return;
        var places = _points[At].Places;
        var canEnd = _points[At].CanEnd;
        var calls = _calls.ToArray();
        Forget();
        var moved = new Dictionary<int, int> { [None] = None };
        foreach (var place in places)
            _places.Add(Pack((int)(place >> 32), Moved((int)place, calls, moved)));
        At = Keep(canEnd);
    }

    /// <summary>A call and those around it, under their new numbers.</summary>
    int Moved(int call, (int Next, int Outer)[] calls, Dictionary<int, int> moved)
    {
        var chain = new Stack<int>();
        for (; !moved.ContainsKey(call); call = calls[call].Outer)
            chain.Push(call);
        var outer = moved[call];
        while (chain.TryPop(out call))
            moved[call] = outer = Call(calls[call].Next, outer);
        return outer;
    }

    void Forget()
    {
        _points.Clear();
        _known.Clear();
        _calls.Clear();
        _callOf.Clear();
        _places.Clear();
        _placesKept = 0;
        // The point of no way at all.
        Keep(canEnd: false);
    }

    int Find(int point, byte value)
    {
        var places = _points[point].Places;
        Spend(places.Length / 16);
        foreach (var packed in places)
        {
            ref readonly var place = ref _machine[(int)(packed >> 32)];
            if (value >= place.Range.From && value <= place.Range.To)
                _open.Push(Pack(place.Next, (int)packed));
        }
        var next = Close();
        _points[point].Next[value] = (short)next;
        return next;
    }

    /// <summary>Follows everything open to where a byte is taken; the point that this makes.</summary>
    int Close()
    {
        _seen.Clear();
        _places.Clear();
        var canEnd = false;
        while (_open.TryPop(out var packed))
        {
            if (!_seen.Add(packed))
                continue;
            Spend(1);
            var call = (int)packed;
            ref readonly var place = ref _machine[(int)(packed >> 32)];
            switch (place.Step)
            {
                case MachineStep.Byte:
                    _places.Add(packed);
                    break;
                case MachineStep.Fork:
                    if (place.Next >= 0)
                        _open.Push(Pack(place.Next, call));
                    if (place.Other >= 0)
                        _open.Push(Pack(place.Other, call));
                    break;
                case MachineStep.Call:
                    // A rule at another's end returns to where that one would.
                    var inside = place.Next == GrammarMachine.End ? call : Call(place.Next, call);
                    _open.Push(Pack(place.Other, inside));
                    break;
                case MachineStep.Return when call == None:
                    canEnd = true;
                    break;
                default:
                    _open.Push(Pack(_calls[call].Next, _calls[call].Outer));
                    break;
            }
        }
        return Keep(canEnd);
    }

    int Call(int next, int outer)
    {
        if (_callOf.TryGetValue((next, outer), out var call))
            return call;
        _calls.Add((next, outer));
        return _callOf[(next, outer)] = _calls.Count - 1;
    }

    int Keep(bool canEnd)
    {
        _places.Sort();
        var key = new Key([.. _places], canEnd);
        if (_known.TryGetValue(key, out var known))
            return known;
        if (_points.Count >= MostPoints || _placesKept > MostPlaces || _calls.Count > MostPlaces)
            throw TooCostly();
        var next = new short[256];
        Array.Fill(next, (short)(_points.Count == Dead ? Dead : Unknown));
        _placesKept += _places.Count;
        _points.Add(new Point(key.Places, canEnd, next));
        _places.Clear();
        return _known[key] = (short)(_points.Count - 1);
    }

    void Spend(int work)
    {
        if ((_work -= work) < 0)
            throw TooCostly();
    }

    /// <summary>What is half done is dropped with it.</summary>
    GrammarTooCostlyException TooCostly()
    {
        _open.Clear();
        _places.Clear();
        return new GrammarTooCostlyException();
    }

    static long Pack(int place, int call) => ((long)place << 32) | (uint)call;

    /// <summary>A point by what is in it.</summary>
    readonly struct Key(long[] places, bool canEnd) : IEquatable<Key>
    {
        readonly bool _canEnd = canEnd;

        public long[] Places { get; } = places;

        public bool Equals(Key other) =>
            _canEnd == other._canEnd && Places.AsSpan().SequenceEqual(other.Places);

        public override bool Equals(object? other) => other is Key key && Equals(key);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.AddBytes(MemoryMarshal.AsBytes(Places.AsSpan()));
            hash.Add(_canEnd);
            return hash.ToHashCode();
        }
    }
}
