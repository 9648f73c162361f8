using System;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Bench.Search;

/// <summary>
/// A stream whose rate a search decides window by window: the stream's own time is bent, so that its lengths,
/// its prefixes and the scatter of its arrivals are kept.
/// </summary>
public sealed class SearchedArrivals : IArrivalSource
{
    readonly LoadLineFinder _finder;
    readonly Func<double, IArrivalSource> _open;
    IArrivalSource _arrivals;
    double _meanRate;
    double _lastOperationalNs;
    double _lastNs;
    double _nextNs = -1;

    /// <param name="finder">Decides the rate.</param>
    /// <param name="open">Opens the stream at a mean rate; called again when the rate has moved
    /// far from it.</param>
    public SearchedArrivals(LoadLineFinder finder, Func<double, IArrivalSource> open)
    {
        (_finder, _open, _meanRate) = (finder, open, finder.Rate);
        _arrivals = open(_meanRate);
    }

    public int PrefixBlockTokens => _arrivals.PrefixBlockTokens;

    /// <summary>The window of the request taken last.</summary>
    public int Window { get; private set; }

    public bool TryPeek(out long atNs)
    {
        if (_nextNs < 0)
            Schedule();
        atNs = (long)_nextNs;
        return !_finder.IsOver;
    }

    public void Take(out Arrival arrival)
    {
        TryPeek(out var atNs);
        _arrivals.Take(out arrival);
        arrival.AtNs = atNs;
        arrival.Session = -1;
        Window = _finder.Sent();
        _nextNs = -1;
    }

    public void Finished(int session, long nowNs)
    {
    }

    /// <summary>Walks the gap to the next arrival through as many windows as it spans.</summary>
    void Schedule()
    {
        if (!_arrivals.TryPeek(out var operationalNs))
        {
            Reopen();
            if (!_arrivals.TryPeek(out operationalNs))
                throw new InvalidOperationException("The load has no request.");
        }
        var gap = Math.Max(0, operationalNs - _lastOperationalNs) * _meanRate;
        _lastOperationalNs = operationalNs;
        var at = _lastNs;
        while (!_finder.IsOver)
        {
            var untilEnd = (_finder.WindowEndNs - at) * _finder.Rate;
            if (gap < untilEnd)
                break;
            gap -= untilEnd;
            at = _finder.WindowEndNs;
            _finder.Next();
            if (_finder.Rate > 2 * _meanRate || _finder.Rate < _meanRate / 2)
            {
                Reopen();
                _arrivals.TryPeek(out operationalNs);
                gap = operationalNs * _meanRate;
                _lastOperationalNs = operationalNs;
            }
        }
        _lastNs = _nextNs = at + (_finder.IsOver ? 0 : gap / _finder.Rate);
    }

    void Reopen()
    {
        _meanRate = _finder.Rate;
        _lastOperationalNs = 0;
        _arrivals = _open(_meanRate);
    }
}
