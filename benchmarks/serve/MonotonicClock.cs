using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Plimsoll.Serve.Figures;

/// <summary>Sleeps to the microsecond, which the runtime's timers do not.</summary>
static class MonotonicClock
{
    [StructLayout(LayoutKind.Sequential)]
    struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    public static long NowNs => (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));

    public static void SleepUntil(long ns)
    {
        long left;
        while ((left = ns - NowNs) > 0)
        {
            var wait = new Timespec { Seconds = left / 1_000_000_000, Nanoseconds = left % 1_000_000_000 };
            _ = nanosleep(in wait, 0);
        }
    }

    [DllImport("libc")]
    static extern int nanosleep(in Timespec wait, nint left);
}
