using System;
using System.Collections.Generic;
using Plimsoll.Core.Draws;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// A trace at another rate with the shape of its arrivals kept. Fewer requests: each is kept with the same
/// probability. More: each is cloned, the clones arriving a few mean gaps later on average (well below the
/// time over which bursts last), with the lengths of a neighbour. When the trace ends it begins again. A
/// repetition or a clone shares no prefix with the original: repetition must not invent reuse.
/// </summary>
sealed class TraceArrivals : IArrivalSource
{
    /// <summary>Mean delay of a clone, in mean gaps of the trace.</summary>
    const double JitterGaps = 4;

    /// <summary>Lengths of a clone come from at most this many rows away.</summary>
    const int Neighbourhood = 16;

    readonly Trace _trace;
    readonly PriorityQueue<Arrival, (long AtNs, long Order)> _ready = new();
    readonly long _periodNs;
    readonly double _jitterNs;
    readonly double _keep;
    readonly int _clones;
    RandomStream _random;
    long _left;
    long _order;
    long _pass;
    int _row;

    public TraceArrivals(Trace trace, double requestsPerSecond, long requests, ulong seed)
    {
        _trace = trace;
        var own = trace.Count / trace.SpanS;
        _periodNs = (long)((trace.SpanS + 1 / own) * 1e9);
        _jitterNs = JitterGaps / own * 1e9;
        _clones = Math.Max(1, (int)Math.Ceiling(requestsPerSecond / own * (1 - 1e-9)));
        _keep = Math.Min(1, requestsPerSecond / own / _clones);
        _random = new RandomStream(seed, purpose: 11);
        _left = requests;
    }

    public int PrefixBlockTokens => _trace.PrefixBlockTokens;

    public bool TryPeek(out long atNs)
    {
        atNs = 0;
        if (_left <= 0)
            return false;
        // What is ready goes out once no row still to come can be earlier.
        while (_ready.Count == 0 || NextRowNs() <= ReadyNs())
            Expand();
        atNs = ReadyNs();
        return true;
    }

    public void Take(out Arrival arrival)
    {
        TryPeek(out _);
        arrival = _ready.Dequeue();
        _left--;
    }

    public void Finished(int session, long nowNs)
    {
    }

    long NextRowNs() => _pass * _periodNs + _trace[_row].AtNs;

    long ReadyNs() => _ready.TryPeek(out _, out var key) ? key.AtNs : long.MaxValue;

    void Expand()
    {
        var baseNs = NextRowNs();
        for (var clone = 0; clone < _clones; clone++)
        {
            if (_random.NextDouble() >= _keep)
                continue;
            var row = clone == 0 ? _row : Neighbour();
            var arrival = _trace[row];
            arrival.AtNs = baseNs + (clone == 0 ? 0 : (long)(_jitterNs * _random.NextExponential()));
            arrival.Session = -1;
            if (clone > 0 || _pass > 0)
                arrival.PrefixKeys = Salted(arrival.PrefixKeys.Span, (ulong)(_pass * _clones + clone));
            _ready.Enqueue(arrival, (arrival.AtNs, _order++));
        }
        if (++_row == _trace.Count)
        {
            _row = 0;
            _pass++;
        }
    }

    int Neighbour() => Math.Clamp(
        _row + _random.NextBelow(2 * Neighbourhood + 1) - Neighbourhood, 0, _trace.Count - 1);

    public static ReadOnlyMemory<ulong> Salted(ReadOnlySpan<ulong> keys, ulong salt)
    {
        var salted = new ulong[keys.Length];
        for (var i = 0; i < keys.Length; i++)
            salted[i] = PrefixChain.Mix(keys[i] ^ (salt * 0x9E3779B97F4A7C15UL));
        return salted;
    }
}
