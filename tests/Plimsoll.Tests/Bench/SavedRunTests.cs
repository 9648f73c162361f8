using System;
using System.IO;
using System.Text.Json.Nodes;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Wire;
using Plimsoll.Cli;
using Plimsoll.Core.Promises;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Bench;

/// <summary>A file of bench that nobody could have measured is one line, with its place.</summary>
public sealed class SavedRunTests : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("plimsoll-");

    public void Dispose() => _folder.Delete(recursive: true);

    string Path => System.IO.Path.Combine(_folder.FullName, "run.json");

    [Theory]
    [InlineData("duration", "-5", "duration is -5")]
    [InlineData("duration", "0", "duration is not there or 0")]
    [InlineData("duration", "1e999", "duration is")]
    [InlineData("plimsoll.client", "[]", "plimsoll.client is no object")]
    [InlineData("plimsoll.busy_s", "-1", "busy_s is -1")]
    [InlineData("plimsoll.busy_s", "1", "busy_s is 1 s of 0.002 s")]
    [InlineData("duration", "1", "duration is 1 s, its requests took 0.002 s")]
    [InlineData("plimsoll.form", "99", "plimsoll.form is not 1")]
    [InlineData("plimsoll.levels.0.promise.0.limit", "\"fast\"",
        "plimsoll.levels[0].promise[0]: promise \"fast\"")]
    [InlineData("plimsoll.requests.level.1", "4294967296", "level[1] is 4294967296")]
    [InlineData("plimsoll.requests.level.1", "1", "level[1] is 1")]
    [InlineData("plimsoll.requests.end_ns.1", "9223372036854775807", "end_ns[1] is 9223372036854775807")]
    [InlineData("plimsoll.requests.first_token_ns.0", "-7", "first_token_ns[0] is -7")]
    [InlineData("plimsoll.requests.first_token_ns.0", "7", "request 0: was answered before it was due")]
    [InlineData("plimsoll.requests.failure.1", "\"tired\"", "failure[1] is \"tired\"")]
    [InlineData("plimsoll.requests.message.1", "[]", "message[1] is []")]
    [InlineData("plimsoll.requests.tokens_so_far.0.0", "2000000000", "tokens_so_far[0] is")]
    [InlineData("plimsoll.requests.tokens_so_far.1", "[1]", "tokens_so_far[1] is [1]")]
    [InlineData("plimsoll.requests.cached_tokens.1", "90", "request 1: counts of tokens that cannot be")]
    [InlineData("plimsoll.requests.output_tokens.1", "90", "output_beyond_limit")]
    [InlineData("plimsoll.requests.index", "[0]", "has 2 entries")]
    [InlineData("itls.0.0", "-1", "tokens_so_far[0] is")]
    public void What_cannot_have_been_is_one_line(string member, string value, string expected)
    {
        Save();
        var json = JsonNode.Parse(File.ReadAllText(Path))!;
        Put(json, member.Split('.'), value);
        File.WriteAllText(Path, json.ToJsonString());
        using var output = new StringWriter();
        CommandLine.Run(["bench", "import", Path], output, output).ShouldBe(2, output.ToString());
        output.ToString().Trim().Split('\n').ShouldHaveSingleItem().ShouldContain(expected);
        output.ToString().ShouldNotContain("--promise");
    }

    [Fact]
    public void What_was_measured_is_read()
    {
        Save();
        using var output = new StringWriter();
        CommandLine.Run(["bench", "import", Path], output, output).ShouldBe(1, output.ToString());
        output.ToString().ShouldContain("too few");
    }

    [Theory]
    [InlineData("import")]
    [InlineData("diff")]
    public void A_sweeps_results_are_told_from_one_result(string verb)
    {
        Save();
        File.WriteAllText(Path, $"[{File.ReadAllText(Path)}]");
        using var output = new StringWriter();
        CommandLine.Run(verb == "diff" ? ["bench", verb, Path, Path] : ["bench", verb, Path], output, output)
            .ShouldBe(2, output.ToString());
        output.ToString().ShouldContain("each rate of a sweep");
    }

    /// <summary>Counted a token at a time this would take minutes.</summary>
    [Fact]
    public void A_piece_of_many_tokens_is_counted_at_once()
    {
        var meter = new LevelMeter(new LevelOptions());
        var record = new RequestRecord { OutputTokens = 2_000_000_001, HasUsage = true, EndNs = 50 };
        record.Arrived(10, 2_000_000_000);
        record.Arrived(50, 2_000_000_001);
        meter.Add(record);
        var gaps = meter.Report([50]).Latencies[Plimsoll.Core.Measures.Metric.Itl];
        (gaps.Samples, gaps.At(50)).ShouldBe((2_000_000_000, 0));
        gaps.StdMs.ShouldNotBeNull().ShouldBe(40e-6 * Math.Sqrt(1 / 2e9), 1e-12);
    }

    void Save()
    {
        using var detail = new DetailSpool();
        var meter = new LevelMeter(new LevelOptions { Promise = [PromiseText.Parse("ttft p95 500ms")] });
        for (var i = 0; i < 2; i++)
        {
            var record = new RequestRecord
            {
                Index = i, ScheduledNs = 1000, DispatchedNs = 1001, SentNs = 1002,
                EndNs = 2_000_000, Session = -1, PromptTokens = 20, AskedPromptTokens = 20,
                AskedOutputTokens = 4, OutputTokens = 4, HasUsage = true, SaysCached = true, Status = 200,
            };
            record.Arrived(1_000_000, 1);
            record.Arrived(1_500_000, 4);
            meter.Add(record);
            detail.Add(record);
        }
        VllmJson.Save(new BenchResult
        {
            StartedAt = DateTimeOffset.UnixEpoch, DurationS = 0.002, Interrupted = false,
            Address = "http://a", Model = "m", TokenCounting = "so", PromptLengths = "so", Load = "two",
            Levels = [meter.Report(LatencyReport.UsualPercentiles)],
            Client = new ClientReport
            {
                DispatchLateP50Ms = null, DispatchLateP99Ms = null, WrittenLateP50Ms = null,
                WrittenLateP99Ms = null, ReadLagP99Ms = null, CpuShare = null, PausedMs = 0, ClockSteps = 0,
                ClockSteppedMs = 0, MostShare = 0.1, InvalidBecause = [],
            },
        }, Path, detail);
    }

    static void Put(JsonNode json, string[] path, string value)
    {
        foreach (var step in path[..^1])
            json = int.TryParse(step, out var i) ? json[i]! : json[step]!;
        if (int.TryParse(path[^1], out var index))
            json[index] = JsonNode.Parse(value);
        else
            json[path[^1]] = JsonNode.Parse(value);
    }
}
