using System.IO;
using System.Text.Json;
using Plimsoll.Cli;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Simulation;

/// <summary>Work that comes faster than it is done is said to, of each kind.</summary>
public sealed class BatchOverloadTests
{
    [Theory]
    [InlineData("2", false)]
    [InlineData("40", true)]
    public void Lines_that_come_faster_than_they_are_done_are_said_to(string rate, bool overloaded)
    {
        string[] batch = ["--rate", "5", "--requests", "1000", "--policy", "slack", "--batch-rate", rate];
        Run(batch).Contains("  overloaded  ").ShouldBe(overloaded);
        using var json = JsonDocument.Parse(Run([.. batch, "--json"]));
        json.RootElement.GetProperty("batch").GetProperty("overloaded").GetBoolean().ShouldBe(overloaded);
    }

    /// <summary>
    /// Twenty seconds are not enough for lines with answers of a thousand tokens: more are under way at the
    /// end than half way, and none waits.
    /// </summary>
    [Fact]
    public void A_run_that_is_too_short_to_tell_says_that()
    {
        string[] batch = ["--rate", "10", "--policy", "slack", "--batch-rate", "3", "--requests", "200"];
        var text = Run("reasoning", batch);
        text.ShouldContain("  too short   to tell");
        text.ShouldNotContain("overloaded");
        using var json = JsonDocument.Parse(Run("reasoning", [.. batch, "--json"]));
        json.RootElement.GetProperty("batch").TryGetProperty("overloaded", out _).ShouldBeFalse();
    }

    [Fact]
    public void Of_lines_without_end_nothing_is_said()
    {
        using var json = JsonDocument.Parse(Run("--rate", "5", "--requests", "500", "--json"));
        json.RootElement.GetProperty("batch").TryGetProperty("overloaded", out _).ShouldBeFalse();
    }

    /// <summary>A thousand lines that wait by the gate's leave hide no growing queue.</summary>
    [Theory]
    [InlineData("vllm-v1-priority")]
    [InlineData("slack")]
    public void Requests_that_come_faster_than_they_are_done_are_said_to_beside_batch_work(string policy) =>
        Run("--rate", "32", "--requests", "2000", "--policy", policy, "--batch-lines", "10000")
            .ShouldContain("\noverloaded ");

    static string Run(params string[] more) => Run("chat", more);

    static string Run(string lines, string[] more)
    {
        using var output = new StringWriter();
        using var story = new StringWriter();
        CommandLine.Run(
            ["simulate", "--model", "Llama-3.1-8B", "--tp", "1", "--batch-workload", lines, .. more], output,
            story).ShouldBe(0, $"{story}");
        return $"{output}";
    }
}
