using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using Shouldly;

namespace Plimsoll.EndToEnd.Tests;

/// <summary>The real binary in a process of its own, as a user runs it.</summary>
static class PlimsollProcess
{
    public sealed record Result(int ExitCode, string Output, string Story)
    {
        /// <summary>
        /// Bad input: exit code 2, nothing on stdout, one line on stderr that says all of the words.
        /// </summary>
        public void ShouldBeRefused(params string[] words)
        {
            ExitCode.ShouldBe(2, Output + Story);
            Output.ShouldBeEmpty();
            Story.TrimEnd('\n').ShouldNotContain("\n");
            Story.ShouldStartWith("plimsoll: ");
            foreach (var word in words)
                Story.ShouldContain(word);
        }
    }

    /// <summary>
    /// The binary in its own output folder, as it is shipped: a copy beside the tests lacks the assemblies
    /// that the tests get from elsewhere.
    /// </summary>
    public static string Binary { get; } = Path.GetFullPath(Path.Combine(
        AppContext.BaseDirectory, "../../../../../src/Plimsoll.Cli/bin",
        Path.GetRelativePath(Path.Combine(AppContext.BaseDirectory, "../.."), AppContext.BaseDirectory),
        OperatingSystem.IsWindows() ? "plimsoll.exe" : "plimsoll"));

    public static Result Run(params string[] arguments) => Run(new Dictionary<string, string>(), arguments);

    /// <summary>The bytes come through a pipe.</summary>
    public static Result RunWithInput(byte[] input, params string[] arguments) =>
        Run(new Dictionary<string, string>(), arguments, input);

    public static Result Run(IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        Run(environment, arguments, input: null);

    static Result Run(IReadOnlyDictionary<string, string> environment, string[] arguments, byte[]? input)
    {
        using var process = Start(environment, arguments, input is not null);
        if (input is not null)
        {
            process.StandardInput.BaseStream.Write(input);
            process.StandardInput.Close();
        }
        var story = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Result(process.ExitCode, output, story.Result);
    }

    /// <summary>The binary under way; whoever starts it waits for it.</summary>
    public static Process Start(params string[] arguments) =>
        Start(new Dictionary<string, string>(), arguments, withInput: false);

    static Process Start(IReadOnlyDictionary<string, string> environment, string[] arguments, bool withInput)
    {
        var start = new ProcessStartInfo(Binary)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = withInput,
            WorkingDirectory = AppContext.BaseDirectory,
        };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
