using System.Linq;
using System.Text.Json;
using System.Threading.Tasks;
using Plimsoll.Tests.Bench;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests;

/// <summary>What was done to a trace as it was read is said by every verb whose figures rest on it.</summary>
public sealed class TraceNotesTests
{
    /// <summary>Ten requests each two seconds, at one time: rounded to a step, or bursts.</summary>
    static string Rounded(TemporaryFolder folder) => folder.File("t.jsonl", string.Concat(
        Enumerable.Range(0, 2000).Select(i =>
            $"{{\"timestamp\": {i / 10 * 2000}, \"input_length\": 50, \"output_length\": 5, \"hash_ids\": "
            + $"[{i}]}}\n")));

    [Theory]
    [InlineData("account", "--requests", "300")]
    [InlineData("simulate", "--requests", "300")]
    public void A_spread_step_is_said(params string[] verb)
    {
        using var folder = new TemporaryFolder();
        var result = PlimsollProcess.Run([.. verb, "--tp", "8", "--workload", Rounded(folder), "--json"]);
        result.ExitCode.ShouldBe(0, result.Story);
        Notes(result.Output).ShouldContain(n => n.Contains("timestamps are rounded to 2 s"));
    }

    [Fact]
    public void Requests_at_one_time_wait_for_each_other_where_they_are_left_there()
    {
        using var folder = new TemporaryFolder();
        var path = Rounded(folder);
        PlimsollProcess.Run("trace", "describe", path).Output.ShouldContain("timestamps are rounded");
        PlimsollProcess.Run("trace", "describe", path, "--timestamps", "as-is").Output
            .ShouldNotContain("timestamps are rounded");
        Worst("as-is").ShouldBeGreaterThan(Worst("spread"));

        double Worst(string timestamps)
        {
            using var document = JsonDocument.Parse(PlimsollProcess.Run(
                "simulate", "--tp", "8", "--requests", "300", "--workload", path, "--timestamps", timestamps,
                "--json").Output);
            return document.RootElement.GetProperty("ttftMs").GetProperty("p50").GetDouble();
        }
    }

    [Fact]
    public void A_comparison_says_what_was_done_to_its_trace()
    {
        using var folder = new TemporaryFolder();
        string[] sides = ["compare", "gpu=h100_sxm,tp=8", "gpu=h200_sxm,tp=8", "--workload", Rounded(folder)];
        var json = PlimsollProcess.Run([.. sides, "--json"]);
        json.ExitCode.ShouldBe(0, json.Story);
        Notes(json.Output).ShouldContain(n => n.Contains("timestamps are rounded to 2 s"));
        var asIs = PlimsollProcess.Run([.. sides, "--timestamps", "as-is"]).Output;
        asIs.ShouldContain("USD per million tokens");
        asIs.ShouldNotContain("timestamps are rounded");
    }

    [Fact]
    public async Task A_sent_load_says_what_was_done_to_its_trace()
    {
        await using var endpoint = await ScriptedEndpoint.Start();
        using var folder = new TemporaryFolder();
        var sent = PlimsollProcess.Run(
            "bench", "--base-url", $"{endpoint.BaseUrl}", "--workload", Rounded(folder),
            "--max-concurrency", "8", "--request-rate", "inf", "--num-prompts", "20", "--json");
        using var document = JsonDocument.Parse(sent.Output);
        document.RootElement.GetProperty("plimsoll").GetProperty("load").GetString()!
            .ShouldContain("timestamps are rounded to 2 s");
    }

    /// <summary>A log of columns that nobody knows is read by every verb that takes a trace.</summary>
    [Theory]
    [InlineData("compare", "gpu=h100_sxm,tp=8", "gpu=h200_sxm,tp=8", "--workload")]
    [InlineData("trace", "generate")]
    [InlineData("bench", "--base-url", "http://127.0.0.1:9", "--model", "m", "--workload")]
    public void Columns_of_an_unknown_log_are_named(params string[] verb)
    {
        using var folder = new TemporaryFolder();
        var log = folder.File("log.csv", "when,in,out\n" + string.Concat(
            Enumerable.Range(0, 300).Select(i => $"{i * 0.37},50,5\n")));
        var unnamed = PlimsollProcess.Run([.. verb, log]);
        unnamed.ExitCode.ShouldBe(2);
        unnamed.Story.ShouldContain("--map");
        var named = PlimsollProcess.Run([.. verb, log, "--map", "time=when:s,input=in,output=out"]);
        named.Story.ShouldNotContain("log.csv");
    }

    [Theory]
    [InlineData("account", "--tp", "8")]
    [InlineData("plan", "--gpu", "h100_sxm")]
    [InlineData("compare", "gpu=h100_sxm", "gpu=h200_sxm")]
    public void Two_requests_show_no_percentile(params string[] verb)
    {
        using var folder = new TemporaryFolder();
        var two = folder.File("two.jsonl", string.Concat(Enumerable.Range(0, 2).Select(i =>
            $"{{\"timestamp\": {i * 1000}, \"input_length\": 50, \"output_length\": 5, "
            + $"\"hash_ids\": [{i}]}}\n")));
        var refused = PlimsollProcess.Run([.. verb, "--workload", two]);
        refused.ExitCode.ShouldBe(2);
        refused.Output.ShouldBeEmpty();
        refused.Story.Trim().Split('\n').ShouldHaveSingleItem().ShouldContain("its 2 requests are too few");
    }

    [Fact]
    public void A_simulation_says_what_it_rests_on()
    {
        var notes = Notes(PlimsollProcess.Run(
            "simulate", "--tp", "8", "--requests", "300", "--rate", "5", "--num-gpu-blocks", "9000",
            "--json").Output);
        notes.ShouldContain(n => n.StartsWith("step times: tier kernels ("));
        notes.ShouldContain("KV memory: 9,000 blocks of 16 tokens per engine rank, given");
        notes.ShouldContain(n => n.StartsWith("workload: chat ("));
        notes.ShouldContain(n => n.StartsWith("seed 1; intervals: nine tenths of 30 joint draws"));
    }

    static string[] Notes(string json)
    {
        using var document = JsonDocument.Parse(json);
        return [.. document.RootElement.GetProperty("notes").EnumerateArray().Select(n => n.GetString()!)];
    }
}
