using System.Collections.Generic;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// The sessions of a trace taking turns without pausing: so many are open at a time, each asks again as
/// soon as it is answered, and the next begins when one ends. When the trace ends it begins again with
/// content of its own: repetition must not invent reuse.
/// </summary>
sealed class SessionBacklog : IArrivalSource
{
    readonly Trace _trace;
    readonly List<List<int>> _sessions = [];
    readonly Dictionary<int, (int Session, int Turn)> _open = [];
    readonly PriorityQueue<int, (long AtNs, long Order)> _due = new();
    long _left;
    long _order;
    int _begun;

    /// <param name="trace">Sessions; a request without one is a session of its own.</param>
    /// <param name="requests">Requests in all.</param>
    /// <param name="openSessions">Sessions open at a time; null for as many as the requests fill.</param>
    public SessionBacklog(Trace trace, long requests, int? openSessions)
    {
        _trace = trace;
        _left = requests;
        var places = new Dictionary<int, int>();
        for (var row = 0; row < trace.Count; row++)
        {
            var session = trace[row].Session;
            if (session < 0 || !places.TryGetValue(session, out var place))
            {
                place = _sessions.Count;
                _sessions.Add([]);
                if (session >= 0)
                    places.Add(session, place);
            }
            _sessions[place].Add(row);
        }
        var all = System.Math.Max(1, requests * _sessions.Count / trace.Count);
        for (long i = 0; i < System.Math.Min(all, openSessions ?? long.MaxValue); i++)
            Begin(0);
    }

    public int PrefixBlockTokens => _trace.PrefixBlockTokens;

    public bool TryPeek(out long atNs)
    {
        atNs = _due.TryPeek(out _, out var key) ? key.AtNs : 0;
        return _left > 0 && _due.Count > 0;
    }

    public void Take(out Arrival arrival)
    {
        TryPeek(out var atNs);
        var name = _due.Dequeue();
        var (session, turn) = _open[name];
        arrival = _trace[_sessions[session][turn]];
        arrival.AtNs = atNs;
        arrival.Session = name;
        var pass = name / _sessions.Count;
        if (pass > 0)
            arrival.PrefixKeys = TraceArrivals.Salted(arrival.PrefixKeys.Span, (ulong)pass);
        _left--;
    }

    public void Finished(int session, long nowNs)
    {
        var (own, turn) = _open[session];
        if (turn + 1 < _sessions[own].Count)
        {
            _open[session] = (own, turn + 1);
            _due.Enqueue(session, (nowNs, _order++));
            return;
        }
        _open.Remove(session);
        Begin(nowNs);
    }

    void Begin(long atNs)
    {
        var name = _begun++;
        _open.Add(name, (name % _sessions.Count, 0));
        _due.Enqueue(name, (atNs, _order++));
    }
}
