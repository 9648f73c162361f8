using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;

namespace Plimsoll.Serve.Figures;

/// <summary>
/// Takes processes out of what else a machine does: at real-time priority they run as on an idle one. Only
/// for seconds, and only where the system allows it.
/// </summary>
static class RealTime
{
    const string WriterThread = "plimsoll ledger";
    const string SocketsThread = ".NET Sockets";
    const int Priority = 20;

    /// <returns>False where the system does not let us.</returns>
    public static bool TryGive(params ReadOnlySpan<int> processes)
    {
        var isGiven = OperatingSystem.IsLinux();
        foreach (var process in processes)
            isGiven = isGiven && Run("chrt", "-a", "-f", "-p", Priority, process) && Order(process);
        return isGiven;
    }

    public static void TakeBack(params ReadOnlySpan<int> processes)
    {
        foreach (var process in processes)
            Run("chrt", "-a", "-o", "-p", 0, process);
    }

    /// <summary>Holds a process to a core; threads that it starts later stay there too.</summary>
    public static void StayOn(int core, int process) => Run("taskset", "-a", "-c", "-p", core, process);

    /// <summary>
    /// Among themselves threads stand as at the usual priority, where one that sleeps much comes before one
    /// that works on: the ledger's writer behind the requests, the thread that hears sockets before them.
    /// </summary>
    static bool Order(int process)
    {
        foreach (var task in Directory.GetDirectories($"/proc/{process}/task"))
        {
            var priority = File.ReadAllText(Path.Combine(task, "comm")).Trim() switch
            {
                WriterThread => Priority - 1,
                SocketsThread => Priority + 1,
                _ => Priority,
            };
            if (priority != Priority && !Run("chrt", "-f", "-p", priority,
                int.Parse(Path.GetFileName(task), CultureInfo.InvariantCulture)))
            {
                return false;
            }
        }
        return true;
    }

    static bool Run(string tool, params object[] arguments)
    {
        var start = new ProcessStartInfo(tool)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in arguments)
            start.ArgumentList.Add(Convert.ToString(argument, CultureInfo.InvariantCulture)!);
        try
        {
            using var run = Process.Start(start)!;
            run.StandardError.ReadToEnd();
            run.WaitForExit();
            return run.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
