using System.IO;
using System.Linq;
using System.Text;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests;

/// <summary>Levels of service from a log or a family to the figures of each.</summary>
public sealed class LevelTests
{
    static readonly string[] Engine =
        ["--model", "Llama-3.1-8B", "--tp", "1", "--max-num-seqs", "16", "--rate", "9", "--requests", "2000"];

    [Fact]
    public void The_priority_policy_puts_interactive_requests_before_batch_ones()
    {
        string Of(string policy) =>
            Simulated("--workload", "chat:batch=0.5,arrivals=poisson", "--policy", policy);
        var (arrival, priority) = (Of("vllm-v1"), Of("vllm-v1-priority"));
        Goodput(priority, "interactive").ShouldBeGreaterThan(Goodput(arrival, "interactive") + 5);
        Kept(priority, "batch").ShouldBe("–", "batch work promised nothing");
    }

    [Fact]
    public void A_log_with_levels_is_judged_level_by_level()
    {
        using var folder = new TemporaryFolder();
        var log = folder.File("log.csv");
        var text = new StringBuilder("t,in,out,tier,who,prio,lora,deadline\n");
        for (var i = 0; i < 1200; i++)
        {
            text.Append($"{i / 9.0:0.000},{200 + i % 700},{20 + i % 90},{(i % 3 == 0 ? "gold" : "bulk")},");
            text.Append($"u{i % 7},{(i % 3 == 0 ? 0 : 5)},,\n");
        }
        File.WriteAllText(log, text.ToString());
        const string Map =
            "time=t,input=in,output=out,level=tier,tenant=who,priority=prio,adapter=lora,ttft=deadline:ms";
        var output = Simulated(
            "--workload", log, "--map", Map, "--policy", "vllm-v1-priority",
            "--level", "gold: ttft p95 400ms", "--level", "bulk: batch, priority 9");
        Goodput(output, "gold").ShouldBeGreaterThan(90);
        Kept(output, "bulk").ShouldBe("–");
        PlimsollProcess.Run([.. Verb, "--workload", log, "--map", Map, "--level", "silver: ttft p95 1s"])
            .ShouldBeRefused("--level silver", "gold, bulk");
        PlimsollProcess.Run([.. Verb, "--workload", log, "--map", Map, "--level", "gold: ttft p95 1s"])
            .ShouldBeRefused("level bulk of", "is not defined");
        PlimsollProcess.Run([.. Verb, "--workload", log, "--map", Map, "--policy", "slack", "--level",
            "gold: ttft p95 1s, priority 2", "--level", "bulk: batch"])
            .ShouldBeRefused("gold: priority", "goes by deadlines");
        PlimsollProcess.Run([.. Verb, "--level", "gold ttft p95 1s"]).ShouldBeRefused(
            "--level", "has no name");
    }

    [Fact]
    public void A_workload_may_come_through_a_pipe()
    {
        Assert.SkipUnless(File.Exists("/dev/stdin"), "needs /dev/stdin");
        using var folder = new TemporaryFolder();
        var file = folder.File("trace.jsonl");
        PlimsollProcess.Run(
            "trace", "generate", "chat", "--requests", "1500", "--out", file).ExitCode.ShouldBe(0);
        var read = PlimsollProcess.Run([.. Verb, "--workload", file, "--json"]);
        var piped = PlimsollProcess.RunWithInput(
            File.ReadAllBytes(file), [.. Verb, "--workload", "/dev/stdin", "--json"]);
        piped.Story.ShouldBe("");
        piped.Output.ShouldBe(read.Output.Replace("workload: trace.jsonl", "workload: stdin"));
        var described =
            PlimsollProcess.RunWithInput(File.ReadAllBytes(file), "trace", "describe", "/dev/stdin");
        described.ExitCode.ShouldBe(0, described.Story);
        described.Output.ShouldContain("1500 read, 1500 requests");
    }

    [Theory]
    [InlineData("5", "200", false)]
    [InlineData("60", "4000", true)]
    public void Only_a_queue_that_grows_is_called_overload(string rate, string requests, bool overloaded)
    {
        var output = PlimsollProcess.Run(
            "simulate", "--tp", "8", "--workload", "chat:arrivals=poisson", "--rate", rate, "--requests",
                requests).Output;
        output.Contains("overloaded").ShouldBe(overloaded, output);
    }

    static string[] Verb => ["simulate", .. Engine];

    static string Simulated(params string[] arguments)
    {
        var result = PlimsollProcess.Run([.. Verb, .. arguments]);
        result.ExitCode.ShouldBe(0, result.Story);
        return result.Output;
    }

    static double Goodput(string output, string level) =>
        double.Parse(Kept(output, level), System.Globalization.CultureInfo.InvariantCulture);

    static string Kept(string output, string level) =>
        output.Split('\n').Single(l => l.StartsWith(level + " "))
            .Split(' ', System.StringSplitOptions.RemoveEmptyEntries)[2];
}
