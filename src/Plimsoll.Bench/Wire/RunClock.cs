using System;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Threading;

namespace Plimsoll.Bench.Wire;

/// <summary>
/// The run's clock: monotonic, nanoseconds since its start, so that a stepped wall clock moves no latency.
/// The wall clock is read beside it to say when a run began and whether it was stepped.
/// </summary>
public sealed class RunClock
{
    const long NsPerSecond = 1_000_000_000;
    const int ClockMonotonic = 1;
    const int AbsoluteTime = 1;

    /// <summary>How long before a moment the precise wait begins.</summary>
    const long CoarseNs = 2_000_000;

    readonly TimeProvider _wall;
    readonly long _start = Stopwatch.GetTimestamp();

    /// <param name="wall">Where the time of day comes from.</param>
    public RunClock(TimeProvider? wall = null)
    {
        _wall = wall ?? TimeProvider.System;
        StartedAt = _wall.GetUtcNow();
    }

    public DateTimeOffset StartedAt { get; }

    public long NowNs => Since(Stopwatch.GetTimestamp());

    /// <summary>A <see cref="Stopwatch"/> stamp as nanoseconds of this clock.</summary>
    public long Since(long stamp) => Stopwatch.Frequency == NsPerSecond
        ? stamp - _start
        : (long)((Int128)(stamp - _start) * NsPerSecond / Stopwatch.Frequency);

    /// <summary>How far the wall clock has moved against this one, nanoseconds: steps and slewing.</summary>
    public long WallDriftNs => (long)((_wall.GetUtcNow() - StartedAt).TotalNanoseconds) - NowNs;

    /// <summary>
    /// Sleeps until a moment, to well under a millisecond; wakes early when <paramref name="wake"/> is set.
    /// True when the moment has come.
    /// </summary>
    public bool WaitUntil(long ns, AutoResetEvent wake)
    {
        var left = ns - NowNs;
        if (left > CoarseNs)
        {
            var ms = Math.Min((left - CoarseNs) / 1_000_000, 100);
            if (ms > 0 && wake.WaitOne((int)ms))
                return NowNs >= ns;
            if (ns - NowNs > 2 * CoarseNs)
                return false;
        }
        if (OperatingSystem.IsLinux() && Stopwatch.Frequency == NsPerSecond)
        {
            var at = ns + _start;
            var time = new TimeSpec { Seconds = at / NsPerSecond, Nanoseconds = at % NsPerSecond };
            _ = clock_nanosleep(ClockMonotonic, AbsoluteTime, in time, IntPtr.Zero);
        }
        while (NowNs < ns)
            Thread.Sleep(0);
        return true;
    }

    [StructLayout(LayoutKind.Sequential)]
    struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [DllImport("libc")]
    static extern int clock_nanosleep(int clock, int flags, in TimeSpec request, IntPtr remain);
}
