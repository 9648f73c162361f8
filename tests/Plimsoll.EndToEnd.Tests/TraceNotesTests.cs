using System.Linq;
using System.Text.Json;
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
