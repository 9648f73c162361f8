using System;
using System.Runtime.InteropServices;

namespace Plimsoll.Server.Storage;

/// <summary>
/// Lets the calling thread work in what others leave of a core. The runtime's own priorities do nothing on
/// Linux, where a thread is as nice as it says itself.
/// </summary>
static class BackgroundPriority
{
    const int OfThread = 0;
    const int Nice = 10;

    public static void Take()
    {
        // Refused by a system that knows better, the thread goes on as it is.
        if (OperatingSystem.IsLinux())
            _ = setpriority(OfThread, 0, Nice);
    }

    /// <param name="which">0: a process, or on Linux a thread.</param>
    /// <param name="who">0 for the calling one.</param>
    /// <param name="priority">Niceness.</param>
    [DllImport("libc")]
    static extern int setpriority(int which, int who, int priority);
}
