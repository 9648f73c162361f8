using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;

namespace Plimsoll.Serve.Figures;

/// <summary>
/// Watches over a core from above everything that is measured on it: it wakes every half millisecond, and
/// where it wakes late the core was not there, for it and for nobody. A virtual machine's host takes cores
/// away like this, and what that does to a latency says nothing of the program.
/// </summary>
sealed class Bystander : IDisposable
{
    const long PeriodNs = 500_000;
    const long LateNs = 250_000;
    const int Fifo = 1;
    const int Priority = 60;

    readonly List<(long FromNs, long UntilNs)> _gaps = [];
    readonly Thread _thread;
    volatile bool _isOver;

    public Bystander(int core)
    {
        _thread = new Thread(() => Watch(core)) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>When the core was away, in order; after the watch is over.</summary>
    public IReadOnlyList<(long FromNs, long UntilNs)> Gaps => _gaps;

    public void Dispose()
    {
        _isOver = true;
        _thread.Join();
    }

    /// <summary>Whether a core was away at some moment of a time.</summary>
    public bool WasAway(long fromNs, long untilNs)
    {
        // The last gap that began before the time's end is the only one that can reach into it.
        var (low, high) = (0, _gaps.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_gaps[middle].FromNs < untilNs)
                low = middle + 1;
            else
                high = middle;
        }
        return low > 0 && _gaps[low - 1].UntilNs > fromNs;
    }

    void Watch(int core)
    {
        var mask = 1UL << core;
        _ = sched_setaffinity(0, sizeof(ulong), in mask);
        var priority = Priority;
        _ = sched_setscheduler(0, Fifo, in priority);
        var lastNs = MonotonicClock.NowNs;
        while (!_isOver)
        {
            var dueNs = lastNs + PeriodNs;
            MonotonicClock.SleepUntil(dueNs);
            var nowNs = MonotonicClock.NowNs;
            if (nowNs - dueNs > LateNs)
                _gaps.Add((lastNs, nowNs));
            lastNs = nowNs;
        }
    }

    /// <param name="thread">0 for the calling one.</param>
    [DllImport("libc")]
    static extern int sched_setaffinity(int thread, nint size, in ulong mask);

    [DllImport("libc")]
    static extern int sched_setscheduler(int thread, int policy, in int priority);
}
