using System.Collections.Generic;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Tests.Simulation;

/// <summary>
/// Sessions that wait for each answer and think for a while before they ask again: the closed
/// loop at its plainest.
/// </summary>
sealed class TurnTakingArrivals(int sessions, int turns, long thinkNs) : IArrivalSource
{
    readonly PriorityQueue<int, (long AtNs, int Session)> _due = Starts(sessions);
    readonly int[] _asked = new int[sessions];

    public int PrefixBlockTokens => 0;

    public bool TryPeek(out long atNs)
    {
        var any = _due.TryPeek(out _, out var due);
        atNs = due.AtNs;
        return any;
    }

    public void Take(out Arrival arrival)
    {
        _due.TryDequeue(out var session, out var due);
        _asked[session]++;
        arrival = new Arrival
        {
            AtNs = due.AtNs,
            PromptTokens = 200 + 10 * session,
            OutputTokens = 5 + session,
            Session = session,
        };
    }

    public void Finished(int session, long nowNs)
    {
        if (_asked[session] < turns)
            _due.Enqueue(session, (nowNs + thinkNs, session));
    }

    static PriorityQueue<int, (long, int)> Starts(int sessions)
    {
        var due = new PriorityQueue<int, (long, int)>();
        for (var session = 0; session < sessions; session++)
            due.Enqueue(session, (session * 1000L, session));
        return due;
    }
}
