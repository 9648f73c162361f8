using System;
using System.Diagnostics;
using System.IO;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests;

/// <summary>
/// What is written goes where it was asked to go, whole or not at all, and says why when it cannot.
/// </summary>
public sealed class OutputTests
{
    const string Quick = "plimsoll trace generate chat --requests 2000";

    [Theory]
    [InlineData("> /dev/full", 2, "writing failed")]
    [InlineData(">&-", 2, "writing failed")]
    [InlineData("--out /dev/full", 2, "/dev/full: cannot be written")]
    [InlineData("--out .", 2, "is a folder")]
    [InlineData("--out /nowhere/a.jsonl", 2, "/nowhere/a.jsonl: cannot be written")]
    [InlineData("| head -n 1 > /dev/null", 0, "")]
    [InlineData("--out /dev/null", 0, "")]
    public void A_disk_that_is_full_or_nobody_who_reads_is_one_line(string how, int code, string line)
    {
        var (exit, _, story) = Shell($"{Quick} {how}");
        exit.ShouldBe(code, story);
        story.ShouldContain(line);
        story.Split(
            '\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(line.Length > 0 ? 1 : 0, story);
        File.Exists("/dev/null").ShouldBeTrue();
    }

    [Fact]
    public void Pipes_and_devices_are_written_to_and_stay_what_they_are()
    {
        using var folder = new TemporaryFolder();
        var (exit, output, story) = Shell(
            $"cd {folder.Path}; mkfifo p; {Quick} --out p & cat p | wc -l; wait $!; test -p "
            + $"p && echo pipe; ls | wc -l");
        exit.ShouldBe(0, story);
        output.ShouldBe("2000\npipe\n1\n");
        Shell($"{Quick} --out /dev/stdout").Output.Split('\n').Length.ShouldBe(2001);
    }

    [Fact]
    public void A_link_is_followed_and_stays_a_link()
    {
        using var folder = new TemporaryFolder();
        var (exit, output, story) = Shell(
            $"cd {folder.Path}; mkdir d; ln -s d/real link; {Quick} --out link; test -L "
            + $"link && wc -l < d/real; ls d");
        exit.ShouldBe(0, story);
        output.ShouldBe("2000\nreal\n");
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public void Nothing_half_written_is_left_by_a_process_that_is_stopped(string signal)
    {
        using var folder = new TemporaryFolder();
        // A shell without job control starts what runs behind it with SIGINT ignored; setsid does not.
        var (_, output, _) = Shell(
            $"cd {folder.Path}; setsid --fork sh -c 'echo $$ > pid; exec plimsoll trace generate chat "
            + "--requests 400000000 --out big'; "
            + "for i in $(seq 300); do ls | grep -q partial && break; sleep 0.1; done; "
            + $"ls | grep -c partial; kill -{signal} $(cat pid); "
            + "for i in $(seq 300); do kill -0 $(cat pid) 2>/dev/null || break; sleep 0.1; done; "
            + "ls | grep -v pid | wc -l");
        output.ShouldBe("1\n0\n");
    }

    [Theory]
    [InlineData("/dev/zero", "larger than")]
    [InlineData("/etc", "expected")]
    [InlineData("/proc/self/mem", "cannot be read")]
    public void A_model_that_is_no_file_ends_in_one_line(string path, string what)
    {
        using var folder = new TemporaryFolder();
        var link = folder.File("config.json");
        File.CreateSymbolicLink(link, path);
        PlimsollProcess.Run("account", "--model", link).ShouldBeRefused(what);
    }

    [Fact]
    public void Names_cannot_steer_the_terminal()
    {
        var (exit, _, story) =
            Shell("plimsoll account --workload \"$(printf 'a\\033[31mb\\rc\\302\\233d.jsonl')\"");
        exit.ShouldBe(2);
        foreach (var c in story.TrimEnd('\n'))
            char.IsControl(c).ShouldBeFalse($"U+{(int)c:X4}");
    }

    static (int Exit, string Output, string Story) Shell(string script)
    {
        var start = new ProcessStartInfo("/bin/bash")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = AppContext.BaseDirectory,
        };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(script);
        start.Environment["PATH"] =
            AppContext.BaseDirectory + ":" + Environment.GetEnvironmentVariable("PATH");
        using var process = Process.Start(start)!;
        var story = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, story.Result);
    }
}
