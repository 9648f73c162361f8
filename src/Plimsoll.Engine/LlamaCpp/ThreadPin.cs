using System;
using System.Linq;
using System.Runtime.InteropServices;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>Keeps the calling thread on one core, where the system can: Linux.</summary>
static unsafe class ThreadPin
{
    /// <summary>Whether the process may run on a core; true where the system does not say.</summary>
    public static bool CanUse(int core)
    {
        if (!OperatingSystem.IsLinux())
            return core >= 0;
        var mask = stackalloc ulong[Words];
        return (uint)core < Cores && (sched_getaffinity(0, Cores / 8, mask) < 0
            || (mask[core / 64] >> (core % 64) & 1) != 0);
    }

    /// <summary>The cores that the process may run on, as people list them.</summary>
    public static string Usable =>
        string.Join(", ", Enumerable.Range(0, OperatingSystem.IsLinux() ? Cores : Environment.ProcessorCount)
            .Where(CanUse));

    const int Cores = 1024;
    const int Words = Cores / 64;

    public static void ToCore(int core)
    {
        if (!OperatingSystem.IsLinux() || (uint)core >= Cores)
            return;
        var mask = stackalloc ulong[Words];
        mask[core / 64] = 1UL << (core % 64);
        _ = sched_setaffinity(0, Cores / 8, mask);
    }

    [DllImport("libc")]
    static extern int sched_getaffinity(int thread, nuint size, ulong* mask);

    [DllImport("libc")]
    static extern int sched_setaffinity(int thread, nuint size, ulong* mask);
}
