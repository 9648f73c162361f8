using System.Collections.Generic;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// A trace of sessions in a closed loop: a session's first request arrives when the trace says, each later
/// one its think time after the answer before it. Another rate moves the sessions' starts closer or further
/// apart; thinking takes as long as it takes.
/// </summary>
sealed class SessionReplay : IArrivalSource
{
    readonly Trace _trace;
    readonly Dictionary<int, Queue<int>> _rest = [];
    readonly PriorityQueue<int, (long AtNs, long Order)> _due = new();
    long _left;
    long _order;

    /// <param name="speed">Sessions per time, as a multiple of the trace's.</param>
    public SessionReplay(Trace trace, double speed, long requests)
    {
        _trace = trace;
        _left = requests;
        for (var row = 0; row < trace.Count; row++)
        {
            var arrival = trace[row];
            if (_rest.TryGetValue(arrival.Session, out var rest) && arrival.Session >= 0)
                rest.Enqueue(row);
            else
                Begin(row, (long)(arrival.AtNs / speed));
        }
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
        arrival = _trace[_due.Dequeue()];
        arrival.AtNs = atNs;
        _left--;
    }

    public void Finished(int session, long nowNs)
    {
        if (_rest.TryGetValue(session, out var rest) && rest.TryDequeue(out var row))
            _due.Enqueue(row, (nowNs + _trace.ThinkNs(row), _order++));
    }

    void Begin(int row, long atNs)
    {
        var session = _trace[row].Session;
        if (session >= 0)
            _rest[session] = new Queue<int>();
        _due.Enqueue(row, (System.Math.Max(0, atNs), _order++));
    }
}
