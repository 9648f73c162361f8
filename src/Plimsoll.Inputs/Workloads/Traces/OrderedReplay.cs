using Plimsoll.Core.Draws;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>A trace's requests in order, at random times or all at once.</summary>
sealed class OrderedReplay : IArrivalSource
{
    readonly Trace _trace;
    readonly double _gapNs;
    RandomStream _random;
    long _left;
    long _nextNs;
    long _pass;
    int _row;

    /// <param name="requestsPerSecond">Mean rate of exponential gaps; 0 for all at once.</param>
    public OrderedReplay(Trace trace, double requestsPerSecond, long requests, ulong seed)
    {
        _trace = trace;
        _gapNs = requestsPerSecond > 0 ? 1e9 / requestsPerSecond : 0;
        _random = new RandomStream(seed, purpose: 12);
        _left = requests;
        Advance();
    }

    public int PrefixBlockTokens => _trace.PrefixBlockTokens;

    public bool TryPeek(out long atNs)
    {
        atNs = _nextNs;
        return _left > 0;
    }

    public void Take(out Arrival arrival)
    {
        arrival = _trace[_row];
        arrival.AtNs = _nextNs;
        arrival.Session = -1;
        if (_pass > 0)
            arrival.PrefixKeys = TraceArrivals.Salted(arrival.PrefixKeys.Span, (ulong)_pass);
        _left--;
        if (++_row == _trace.Count)
        {
            _row = 0;
            _pass++;
        }
        Advance();
    }

    public void Finished(int session, long nowNs)
    {
    }

    void Advance()
    {
        if (_gapNs > 0)
            _nextNs += (long)(_gapNs * _random.NextExponential());
    }
}
