using System;
using System.Diagnostics;
using System.IO;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests;

/// <summary>What a shell offers when the tab key is pressed.</summary>
public sealed class CompletionTests
{
    [Theory]
    [InlineData("plimsoll ac", "account")]
    [InlineData("plimsoll account --mo", "--model")]
    [InlineData("plimsoll account --model Llama-3.3", "Llama-3.3-70B")]
    [InlineData("plimsoll simulate --router prefix", "prefix-affinity")]
    [InlineData("plimsoll simulate --gpu h100_s", "h100_sxm")]
    [InlineData("plimsoll trace generate agen", "agentic-coding")]
    [InlineData("plimsoll catalogue models Kimi-K2.", "Kimi-K2.5")]
    public void The_binary_says_what_fits(string line, string expected)
    {
        var result = PlimsollProcess.Run($"[suggest:{line.Length}]", line);
        result.ExitCode.ShouldBe(0, result.Story);
        result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldContain(expected);
    }

    [Fact]
    public void Bash_completes_through_the_script()
    {
        Assert.SkipUnless(File.Exists("/bin/bash"), "there is no bash here");
        var start = new ProcessStartInfo("/bin/bash") { RedirectStandardOutput = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(
            $"cd '{AppContext.BaseDirectory}'; eval \"$(./plimsoll completion bash)\"; COMP_LINE='./plimsoll "
            + "simulate --router p'; COMP_POINT=${#COMP_LINE}; COMP_WORDS=(./plimsoll simulate --router p); "
            + "COMP_CWORD=3; _plimsoll; echo \"${COMPREPLY[@]}\"");
        using var bash = Process.Start(start)!;
        bash.StandardOutput.ReadToEnd().Trim().ShouldBe("power-of-two prefix-affinity");
        bash.WaitForExit();
    }

    [Theory]
    [InlineData("zsh")]
    [InlineData("fish")]
    public void The_other_shells_have_a_script_too(string shell) =>
        PlimsollProcess.Run("completion", shell).Output.ShouldContain("[suggest:");
}
