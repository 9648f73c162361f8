using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Bench.Load;

/// <summary>The lengths and prefixes of one source at the times of a renewal process.</summary>
public sealed class RetimedArrivals : IArrivalSource
{
    readonly IArrivalSource _lengths;
    readonly double _meanGapNs;
    GapProcess _gaps;
    double _nextNs;

    public RetimedArrivals(IArrivalSource lengths, double requestsPerSecond, GapProcess gaps)
    {
        _lengths = lengths;
        _meanGapNs = 1e9 / requestsPerSecond;
        _gaps = gaps;
        _nextNs = _meanGapNs * _gaps.Next();
    }

    public int PrefixBlockTokens => _lengths.PrefixBlockTokens;

    public bool TryPeek(out long atNs)
    {
        atNs = (long)_nextNs;
        return _lengths.TryPeek(out _);
    }

    public void Take(out Arrival arrival)
    {
        _lengths.Take(out arrival);
        arrival.AtNs = (long)_nextNs;
        arrival.Session = -1;
        _nextNs += _meanGapNs * _gaps.Next();
    }

    public void Finished(int session, long nowNs)
    {
    }
}
