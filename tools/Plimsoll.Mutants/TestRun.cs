using System;
using System.Diagnostics;
using System.IO;

namespace Plimsoll.Mutants;

/// <summary>The tests of some namespaces, in a process of their own, with one mutant switched on.</summary>
sealed class TestRun(string built, string[] namespaces)
{
    /// <summary>CsCheck's samples for each law: enough to catch a fault that any input shows.</summary>
    const string Samples = "200";

    /// <summary>Whether a test failed, crashed or hung.</summary>
    /// <param name="mutant">Its number; null for none.</param>
    /// <param name="most">Longer than this is hanging.</param>
    public bool Fails(int? mutant, TimeSpan most)
    {
        var start = new ProcessStartInfo(Path.Combine(built, "Plimsoll.Tests"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] words = ["--no-ansi", "--progress", "off", "--stop-on-fail", "on"];
        foreach (var word in words)
            start.ArgumentList.Add(word);
        foreach (var name in namespaces)
        {
            start.ArgumentList.Add("--filter-namespace");
            start.ArgumentList.Add("Plimsoll.Tests." + name);
        }
        start.Environment["CsCheck_Iter"] = Samples;
        start.Environment["CsCheck_Threads"] = "1";
        start.Environment["PLIMSOLL_MUTANT"] = mutant?.ToString() ?? "-1";
        using var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (process.WaitForExit(most))
            return process.ExitCode != 0;
        process.Kill(entireProcessTree: true);
        return true;
    }
}
