using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;

namespace Plimsoll.EndToEnd.Tests;

/// <summary>The real binary in a process of its own, as a user runs it.</summary>
static class PlimsollProcess
{
    public sealed record Result(int ExitCode, string Output, string Story);

    public static Result Run(params string[] arguments) => Run(new Dictionary<string, string>(), arguments);

    public static Result Run(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var binary = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "plimsoll.exe" : "plimsoll");
        var start = new ProcessStartInfo(binary)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = AppContext.BaseDirectory,
        };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var story = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Result(process.ExitCode, output, story.Result);
    }
}
