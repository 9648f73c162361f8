using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;

namespace Plimsoll.Mutants;

/// <summary>The tests of some namespaces, in a process of their own, with one mutant switched on.</summary>
sealed class TestRun(string built, string[] namespaces)
{
    /// <summary>CsCheck's samples for each law: enough to catch a fault that any input shows.</summary>
    const string Samples = "200";

    /// <summary>A mutant that allocates without end is caught by this, 4 GiB, not by the machine.</summary>
    const string HeapLimit = "0x100000000";

    HashSet<int> _reached = [];
    TimeSpan _mostCpu = TimeSpan.FromMinutes(20);
    TimeSpan _mostWall = TimeSpan.FromMinutes(20);

    /// <summary>
    /// Runs the tests without a mutant; false where they fail. A mutant may then take three times their
    /// processor time, so that a loaded machine hangs nobody, or stand still for ten times as long.
    /// </summary>
    public bool Baseline()
    {
        var file = Path.GetTempFileName();
        try
        {
            var clock = Stopwatch.StartNew();
            var (failed, cpu) = Run(-1, file);
            _reached = [.. File.ReadLines(file).Select(int.Parse)];
            _mostCpu = (3 * cpu) + TimeSpan.FromSeconds(10);
            _mostWall = (10 * clock.Elapsed) + TimeSpan.FromMinutes(1);
            return !failed;
        }
        finally
        {
            File.Delete(file);
        }
    }

    public bool Reaches(int mutant) => _reached.Contains(mutant);

    /// <summary>Whether a test failed, crashed or hung.</summary>
    public bool Fails(int mutant) => Reaches(mutant) && Run(mutant, null).Failed;

    (bool Failed, TimeSpan Cpu) Run(int mutant, string? reached)
    {
        var start = new ProcessStartInfo(Path.Combine(built, "Plimsoll.Tests"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] words = ["--no-ansi", "--progress", "off", "--stop-on-fail", "on", "--parallel", "none"];
        foreach (var word in words)
            start.ArgumentList.Add(word);
        foreach (var name in namespaces)
        {
            start.ArgumentList.Add("--filter-namespace");
            start.ArgumentList.Add("Plimsoll.Tests." + name);
        }
        start.Environment["CsCheck_Iter"] = Samples;
        start.Environment["CsCheck_Threads"] = "1";
        start.Environment["DOTNET_GCHeapHardLimit"] = HeapLimit;
        start.Environment["PLIMSOLL_MUTANT"] = mutant.ToString();
        start.Environment["PLIMSOLL_MUTANTS_REACHED"] = reached;
        using var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var clock = Stopwatch.StartNew();
        var cpu = TimeSpan.Zero;
        while (!process.WaitForExit(100))
        {
            cpu = Cpu(process, cpu);
            if (cpu > _mostCpu || clock.Elapsed > _mostWall)
            {
                process.Kill(entireProcessTree: true);
                return (true, cpu);
            }
        }
        return (process.ExitCode != 0, cpu);
    }

    /// <summary>So far; what was known where it ends just now.</summary>
    static TimeSpan Cpu(Process process, TimeSpan known)
    {
        try
        {
            return process.TotalProcessorTime;
        }
        catch (InvalidOperationException)
        {
            return known;
        }
    }
}
