using System.IO;
using System.IO.Compression;
using System.Linq;
using System.Text;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests;

public sealed class TraceTests
{
    const string Azure = "TIMESTAMP,ContextTokens,GeneratedTokens\n";

    [Theory]
    [InlineData("a.csv", Azure + "2023-11-16 18:17:03.9799600,-4,44\n", "line 2")]
    [InlineData("a.csv", Azure + "2023-11-16 18:17:03.9799600,0,44\n", "line 2")]
    [InlineData("a.csv", Azure + "2023-11-16 18:17:03.9799600,999999999999,44\n", "line 2")]
    [InlineData("a.csv", Azure + "yesterday,40,44\n", "line 2")]
    [InlineData("a.csv", Azure, "no rows")]
    [InlineData("a.csv", "", "a.csv")]
    [InlineData("a.csv", "apples,pears\n1,2\n", "a.csv")]
    [InlineData("a.jsonl",
        "{\"timestamp\": 1, \"input_length\": 5000, \"output_length\": 3, \"hash_ids\": [1]}\n", "line 1")]
    [InlineData("a.jsonl",
        "{\"timestamp\": -1, \"input_length\": 50, \"output_length\": 3, \"hash_ids\": [1]}\n", "line 1")]
    [InlineData("a.jsonl", "{\"timestamp\": 1, \"input_length\": 50, \"output_length\": 3, \"hash_ids\": "
        + "[1]}\n{\"timestamp\": \n", "line 2")]
    public void A_bad_trace_is_refused_in_one_line(string name, string content, string where)
    {
        using var folder = new TemporaryFolder();
        var path = folder.File(name, content);
        foreach (var verb in new[] { "describe", "fit" })
        {
            PlimsollProcess.Run("trace", verb, path).ShouldBeRefused(name, where);
        }
    }

    [Fact]
    public void A_truncated_gzip_is_refused()
    {
        using var folder = new TemporaryFolder();
        var trace = PlimsollProcess.Run("trace", "generate", "chat", "--requests", "5000").Output;
        using (var file = File.Create(folder.File("a.jsonl.gz")))
        using (var gzip = new GZipStream(file, CompressionLevel.Optimal))
            gzip.Write(Encoding.UTF8.GetBytes(trace));
        PlimsollProcess.Run("trace", "describe", folder.File("a.jsonl.gz")).ExitCode.ShouldBe(0);
        var whole = File.ReadAllBytes(folder.File("a.jsonl.gz"));
        File.WriteAllBytes(folder.File("b.jsonl.gz"), whole[..(whole.Length / 2)]);
        PlimsollProcess.Run("trace", "describe", folder.File("b.jsonl.gz")).ShouldBeRefused("b.jsonl.gz");
    }

    [Fact]
    public void Rows_out_of_order_are_sorted_and_said()
    {
        using var folder = new TemporaryFolder();
        var rows = Enumerable.Range(0, 300).Select(i =>
            $"{{\"timestamp\": {(i % 10 == 5 ? i - 3 : i) * 1000}, \"input_length\": 50, \"output_length\": "
            + $"3, \"hash_ids\": [{i}]}}\n");
        var path = folder.File("a.jsonl", string.Concat(rows));
        var result = PlimsollProcess.Run("trace", "describe", path);
        result.ExitCode.ShouldBe(0, result.Story);
        result.Output.ShouldContain("30 rows are earlier than a row before them; sorted by time");
        result.Output.ShouldContain("300 read, 300 requests, 0 dropped");
    }

    [Fact]
    public void What_is_generated_can_be_described_fitted_and_accounted()
    {
        using var folder = new TemporaryFolder();
        PlimsollProcess.Run(
            "trace", "generate", "chat", "--requests", "3000", "--rate", "6", "--out", folder.File("t.jsonl"))
            .ExitCode.ShouldBe(0);
        PlimsollProcess.Run(
            "trace", "fit", folder.File("t.jsonl"), "--out", folder.File("family.json")).ExitCode.ShouldBe(0);
        foreach (var workload in new[] { "t.jsonl", "family.json" })
        {
            var result = PlimsollProcess.Run(
                "account", "--tp", "8", "--requests", "1000", "--workload", folder.File(workload));
            result.ExitCode.ShouldBe(0, result.Story);
            result.Output.ShouldContain("USD / M tokens");
        }
    }

    [Fact]
    public void Sessions_are_generated_and_served_again_as_a_closed_loop()
    {
        using var folder = new TemporaryFolder();
        PlimsollProcess.Run(
            "trace", "generate", "agentic-coding", "--requests", "600", "--out", folder.File("s.jsonl"))
            .ExitCode.ShouldBe(0);
        var lines = File.ReadAllLines(folder.File("s.jsonl"));
        lines.Length.ShouldBe(600);
        lines.Count(l => l.Contains("\"delay\"")).ShouldBeGreaterThan(500);
        lines.Count(l => l.Contains("\"timestamp\""))
            .ShouldBe(600 - lines.Count(l => l.Contains("\"delay\"")));
        var description = PlimsollProcess.Run("trace", "describe", folder.File("s.jsonl"));
        description.ExitCode.ShouldBe(0, description.Story);
        description.Output.ShouldContain("sessions");
        description.Output.ShouldMatch(@"prefix hits +[89]\d\.\d %");
        var run = PlimsollProcess.Run(
            "simulate", "--tp", "8", "--replicas", "16", "--router", "prefix-affinity", "--workload",
            folder.File("s.jsonl"), "--requests", "600");
        run.ExitCode.ShouldBe(0, run.Story);
        run.Output.ShouldContain("completed 600");
    }

    [Fact]
    public void A_trace_without_times_needs_a_rate()
    {
        using var folder = new TemporaryFolder();
        var rows = Enumerable.Range(1, 400).Select(i => $"{i},{1 + i % 50}\n");
        var path = folder.File("l.csv", "num_prefill_tokens,num_decode_tokens\n" + string.Concat(rows));
        foreach (var verb in new[] { new[] { "simulate", "--workload" }, ["account", "--workload"],
            ["trace", "generate"] })
        {
            PlimsollProcess.Run([.. verb, path]).ShouldBeRefused("--rate");
        }
        PlimsollProcess.Run("simulate", "--tp", "8", "--workload", path, "--rate", "3").ExitCode.ShouldBe(0);
        PlimsollProcess.Run(
            "simulate", "--tp", "8", "--workload", path, "--arrivals", "at-once").ExitCode.ShouldBe(0);
    }

    [Fact]
    public void A_simulated_week_is_as_long_as_a_week()
    {
        var run = PlimsollProcess.Run("simulate", "--tp", "8", "--rate", "0.02", "--arrivals", "week");
        run.ExitCode.ShouldBe(0, run.Story);
        run.Output.ShouldContain("requests      12,096,");
    }

    [Fact]
    public void A_log_of_a_simulation_is_a_trace()
    {
        using var folder = new TemporaryFolder();
        PlimsollProcess.Run(
                "simulate", "--tp", "8", "--requests", "2000", "--rate", "5", "--prefill-replicas", "1",
                "--trace-out", folder.File("log.jsonl"))
            .ExitCode.ShouldBe(0);
        var description = PlimsollProcess.Run("trace", "describe", folder.File("log.jsonl"));
        description.ExitCode.ShouldBe(0, description.Story);
        description.Output.ShouldContain("2000 read, 2000 requests, 0 dropped");
        Directory.GetFiles(folder.Path).Length.ShouldBe(1, "nothing half-written is left");
    }

    [Fact]
    public void An_unwritable_family_leaves_nothing()
    {
        using var folder = new TemporaryFolder();
        PlimsollProcess.Run("trace", "generate", "chat", "--out", folder.File("t.jsonl"));
        var result =
            PlimsollProcess.Run("trace", "fit", folder.File("t.jsonl"), "--out", "/nowhere/family.json");
        result.ShouldBeRefused("/nowhere/family.json");
    }
}
