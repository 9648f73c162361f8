using System;
using System.Runtime.InteropServices;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>Keeps the calling thread on one core, where the system can: Linux.</summary>
static unsafe class ThreadPin
{
    public static void ToCore(int core)
    {
        if (!OperatingSystem.IsLinux() || (uint)core >= 1024)
            return;
        var mask = stackalloc ulong[16];
        mask[core / 64] = 1UL << (core % 64);
        _ = sched_setaffinity(0, 128, mask);
    }

    [DllImport("libc")]
    static extern int sched_setaffinity(int thread, nuint size, ulong* mask);
}
