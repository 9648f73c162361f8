using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Linq;

namespace Plimsoll.Mutants;

/// <summary>Some classes of tests in a process of their own, with one mutant switched on or none.</summary>
/// <param name="Failed">Whether a test failed, crashed or hung.</param>
/// <param name="Cpu">Processor time, to a tenth of a second.</param>
/// <param name="Wall">How long it took.</param>
/// <param name="Story">The test that failed, or that none ended; empty where all passed.</param>
sealed record TestRun(bool Failed, TimeSpan Cpu, TimeSpan Wall, string Story)
{
    const string FailedTest = "failed Plimsoll.Tests.";

    /// <summary>CsCheck's samples for each law: enough to catch a fault that any input shows.</summary>
    const string Samples = "200";

    /// <summary>A mutant that allocates without end is caught by this, 4 GiB, not by the machine.</summary>
    const string HeapLimit = "0x100000000";

    /// <param name="built">Where the tests are.</param>
    /// <param name="classes">Their full names.</param>
    /// <param name="mutant">Which is on; negative for none.</param>
    /// <param name="mostCpu">More processor time is hanging, on a loaded machine too.</param>
    /// <param name="mostWall">As long without it is hanging as well.</param>
    /// <param name="reached">The file that takes the numbers of all mutants that the tests come by.</param>
    public static TestRun Of(
        string built, IEnumerable<string> classes, int mutant, TimeSpan mostCpu, TimeSpan mostWall,
        string? reached = null)
    {
        var start = Start(built, ["--stop-on-fail", "on", "--parallel", "none",
            .. classes.SelectMany(name => new[] { "--filter-class", name })]);
        start.Environment["CsCheck_Iter"] = Samples;
        start.Environment["CsCheck_Threads"] = "1";
        start.Environment["DOTNET_GCHeapHardLimit"] = HeapLimit;
        start.Environment["PLIMSOLL_MUTANT"] = mutant.ToString();
        start.Environment["PLIMSOLL_MUTANTS_REACHED"] = reached;
        using var process = Process.Start(start)!;
        var failing = "";
        process.OutputDataReceived += (_, said) =>
        {
            if (failing.Length == 0 && said.Data?.StartsWith(FailedTest, StringComparison.Ordinal) == true)
                failing = said.Data[FailedTest.Length..].Split('(', ' ')[0];
        };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var clock = Stopwatch.StartNew();
        var cpu = TimeSpan.Zero;
        while (!process.WaitForExit(100))
        {
            cpu = CpuOf(process, cpu);
            if (cpu > mostCpu || clock.Elapsed > mostWall)
            {
                process.Kill(entireProcessTree: true);
                return new TestRun(true, cpu, clock.Elapsed, "it hangs");
            }
        }
        // Without a limit it waits for the last line of output too.
        process.WaitForExit();
        var failed = process.ExitCode != 0;
        var story = failed && failing.Length == 0 ? "it crashes" : failing;
        return new TestRun(failed, cpu, clock.Elapsed, story);
    }

    /// <summary>Full names of the classes with tests in some namespaces.</summary>
    public static List<string> Classes(string built, string[] namespaces)
    {
        var start = Start(built, ["--xunit-list", "classes", .. namespaces.SelectMany(
            name => new[] { "--filter-namespace", "Plimsoll.Tests." + name })]);
        using var process = Process.Start(start)!;
        process.BeginErrorReadLine();
        var lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.TrimEntries);
        process.WaitForExit();
        return [.. lines.Where(line => line.StartsWith("Plimsoll.Tests.") && !line.Contains(' '))];
    }

    static ProcessStartInfo Start(string built, IEnumerable<string> words)
    {
        var start = new ProcessStartInfo(Path.Combine(built, "Plimsoll.Tests"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var word in words.Prepend("off").Prepend("--progress").Prepend("--no-ansi"))
            start.ArgumentList.Add(word);
        return start;
    }

    /// <summary>So far; what was known where it ends just now.</summary>
    static TimeSpan CpuOf(Process process, TimeSpan known)
    {
        try
        {
            return process.TotalProcessorTime;
        }
        catch (Exception ended) when (ended is InvalidOperationException or Win32Exception)
        {
            return known;
        }
    }
}
