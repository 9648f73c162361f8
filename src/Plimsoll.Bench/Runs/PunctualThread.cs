using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace Plimsoll.Bench.Runs;

/// <summary>
/// Makes the calling thread wake when it asked to, until it is disposed on that thread: timers without slack
/// (Linux adds 50 µs), and real-time priority where the system grants it (root, CAP_SYS_NICE, or
/// <c>ulimit -r</c>), so that a busy machine does not make it wait for a turn. Threads that it starts have
/// neither. Where nothing is granted nothing changes.
/// </summary>
sealed class PunctualThread : IDisposable
{
    const int SetTimerSlack = 29;
    const int OrdinaryPolicy = 0;
    const int RoundRobinPolicy = 2;
    const int ResetOnFork = 0x40000000;

    public PunctualThread()
    {
        if (!OperatingSystem.IsLinux())
            return;
        // The runtime must not move what follows to another thread.
        Thread.BeginThreadAffinity();
        _ = prctl(SetTimerSlack, 1);
        var lowest = 1;
        IsRealTime = sched_setscheduler(0, RoundRobinPolicy | ResetOnFork, in lowest) == 0;
    }

    /// <summary>Whether the system granted real-time priority.</summary>
    public bool IsRealTime { get; }

    public void Dispose()
    {
        if (!OperatingSystem.IsLinux())
            return;
        var none = 0;
        if (IsRealTime)
            _ = sched_setscheduler(0, OrdinaryPolicy, in none);
        // Zero stands for the usual slack.
        _ = prctl(SetTimerSlack, 0);
        Thread.EndThreadAffinity();
    }

    [DllImport("libc")]
    static extern int prctl(int option, nuint value);

    /// <param name="thread">0 for the calling one.</param>
    /// <param name="policy">One of the kernel's.</param>
    /// <param name="priority">The only member of <c>struct sched_param</c>.</param>
    [DllImport("libc")]
    static extern int sched_setscheduler(int thread, int policy, in int priority);
}
