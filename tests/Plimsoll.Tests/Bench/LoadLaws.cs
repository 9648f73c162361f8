using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Prompts;
using Plimsoll.Core;
using Plimsoll.Inputs.Workloads;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Bench;

public sealed class LoadLaws
{
    /// <summary>The coefficient of variation of gamma gaps is 1/√shape.</summary>
    [Theory]
    [InlineData(0.25)]
    [InlineData(1)]
    [InlineData(4)]
    public void Burstiness_is_the_shape_of_gamma_gaps(double shape)
    {
        var gaps = new GapProcess(shape, seed: 3);
        var draws = Enumerable.Range(0, 200_000).Select(_ => gaps.Next()).ToList();
        var mean = draws.Average();
        var variance = draws.Average(gap => (gap - mean) * (gap - mean));
        mean.ShouldBe(1, 0.02);
        (Math.Sqrt(variance) / mean).ShouldBe(1 / Math.Sqrt(shape), 0.03 / Math.Sqrt(shape));
    }

    [Fact]
    public void Stages_bring_their_requests_in_their_time()
    {
        var stages = RateStage.Parse("10:10s,10-50:20s,0:5s,30:10s");
        var level = new LevelOptions
        {
            Lengths = new LengthOptions(8, 8), Burstiness = double.PositiveInfinity, Requests = 1_000_000,
                Stages = stages,
        };
        var times = Times(LevelLoad.Open(level));
        ((double)times.Count).ShouldBe(100 + 600 + 300, 1);
        ((double)times.Count(t => t <= 10)).ShouldBe(100, 1);
        ((double)times.Count(t => t is > 10 and <= 20)).ShouldBe(200, 2);
        times.Count(t => t is > 30.01 and < 34.99).ShouldBe(0);
        times.ShouldBe(times.Order());
    }

    /// <summary>A trace at another rate is the same requests in the same order, all gaps scaled.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(7.5)]
    [InlineData(40)]
    public void A_trace_at_another_rate_has_its_own_requests(double rate)
    {
        var rows = Enumerable.Range(0, 40).Select(i => (At: 0.25 * i + (i % 3) * 0.01, Prompt: 100 + i));
        var trace = Trace("{\"timestamp\": AT, \"input_length\": PROMPT, \"output_length\": 8}", rows);
        var source = LevelLoad.Open(new LevelOptions
        {
            Workload = trace, RequestsPerSecond = rate, Requests = 40,
        });
        var scale = trace.RequestsPerSecond / rate;
        foreach (var (at, prompt) in rows)
        {
            source.Take(out var arrival);
            (arrival.AtNs / 1e9).ShouldBe(scale * at, 2e-3 * scale);
            arrival.PromptTokens.ShouldBe(prompt);
        }
    }

    [Fact]
    public void Sessions_are_not_pulled_apart()
    {
        var rows = Enumerable.Range(0, 8).Select(i => (At: 1.0 * i, Prompt: 100 + i));
        var sessions = Trace("{\"timestamp\": AT, \"input_length\": PROMPT, \"output_length\": 8, "
            + "\"session_id\": \"s\", \"delay\": 500}", rows);
        sessions.ClosedLoop.ShouldBeTrue();
        foreach (var level in new[] { new LevelOptions { Workload = sessions, Poisson = true },
            new LevelOptions { Workload = sessions, Burstiness = 1 } })
        {
            Should.Throw<BadInputException>(() => LevelLoad.Open(level with { RequestsPerSecond = 3 }))
                .Message.ShouldContain("wait for answers");
        }
    }

    static Workload Trace(string form, IEnumerable<(double At, int Prompt)> rows)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllLines(path, rows.Select(row => form
                .Replace("AT", FormattableString.Invariant($"{1000 * row.At:0}"))
                .Replace("PROMPT", $"{row.Prompt}")));
            return WorkloadChoice.Open(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("5")]
    [InlineData("5-x:10s")]
    [InlineData("0:10s")]
    [InlineData("5:10parsecs")]
    public void A_bad_stage_is_named(string text) =>
        Should.Throw<BadInputException>(() => RateStage.Parse(text)).Message.ShouldContain("expected");

    [Fact]
    public void Levels_are_merged_in_order_of_time()
    {
        LevelOptions Level(double rate) => new()
        {
            Lengths = new LengthOptions(8, 8), RequestsPerSecond = rate, Requests = 500,
        };
        var load = LevelLoad.Of([Level(10), Level(40)]);
        var taken = new List<PlannedRequest>();
        while (load.TryPeek(out _))
        {
            load.Take(out var request);
            taken.Add(request);
        }
        taken.Count.ShouldBe(1000);
        taken.Select(r => r.AtNs).ShouldBe(taken.Select(r => r.AtNs).Order());
        ((double)taken.Take(500).Count(r => r.Level == 1)).ShouldBe(400, 40);
    }

    [Fact]
    public void Prompts_share_what_their_keys_share_and_nothing_else()
    {
        var text = new PromptText(Vocabulary.Exact(Vocabulary.Candidates, 0, "test"), seed: 1);
        string[] Words(long index, params ulong[] keys)
        {
            var request = new PlannedRequest
            {
                PromptTokens = 40, PrefixBlockTokens = 16, PrefixKeys = keys, Index = index,
            };
            var bytes = new byte[text.MostBytes(request)];
            return System.Text.Encoding.UTF8.GetString(bytes, 0,
                text.Write(request, bytes)).Trim().Split(' ');
        }
        var (a, b, c) = (Words(1, 11, 12), Words(2, 11, 12), Words(3, 11, 13));
        a.Length.ShouldBe(40);
        a[..32].ShouldBe(b[..32]);
        a[32..].ShouldNotBe(b[32..]);
        a[..16].ShouldBe(c[..16]);
        a[16..32].ShouldNotBe(c[16..32]);
        Words(4)[..4].ShouldNotBe(Words(5)[..4]);
    }

    [Fact]
    public void A_file_of_levels_is_checked_key_by_key()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, """
                [{"name": "chat", "workload": "chat", "request_rate": 3, "promise": ["ttft p95 500ms"], "priority": 0},
                 {"name": "batch", "input_tokens": 100, "output_tokens": 50, "clients": 4, "api_key": "${NONE_SUCH:-k2}"}]
                """);
            var levels = LevelsFile.Read(file, new LevelOptions { Requests = 10 });
            levels.Select(level => level.Name).ShouldBe(["chat", "batch"]);
            levels[1].ApiKey.ShouldBe("k2");
            levels[1].Clients.ShouldBe(4);
            File.WriteAllText(file, """[{"name": "chat", "workload": "chat", "rate": 3}]""");
            Should.Throw<BadInputException>(() => LevelsFile.Read(file, new LevelOptions())).Message
                .ShouldContain("level 1: unknown key rate");
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("\"name\": \"\\ud800\"", "name is no text")]
    [InlineData("\"input_tokens\": 1e9", "input_tokens is 1e9; expected a whole number of 1 to 10000000")]
    [InlineData("\"input_tokens\": 5.7", "input_tokens is 5.7; expected a whole number")]
    [InlineData("\"clients\": 0.5", "clients is 0.5; expected a whole number of 1 to 1000000")]
    [InlineData("\"priority\": \"high\"", "priority is high; expected a whole number")]
    [InlineData("\"promise\": [3]", "promise \"3\": expected METRIC pPERCENTILE DURATION")]
    public void A_level_that_cannot_be_is_one_line_with_its_place(string member, string expected)
    {
        var file = Path.GetTempFileName();
        try
        {
            var usual = new[] { ("input_tokens", "5"), ("output_tokens", "5"), ("clients", "1") };
            File.WriteAllText(file, "[{" + member + string.Concat(usual
                .Where(m => !member.Contains(m.Item1, StringComparison.Ordinal))
                .Select(m => $", \"{m.Item1}\": {m.Item2}")) + "}]");
            Should.Throw<BadInputException>(() => LevelsFile.Read(file, new LevelOptions())).Message
                .ShouldStartWith($"{file}, level 1: {expected}");
        }
        finally
        {
            File.Delete(file);
        }
    }

    static List<double> Times(IArrivalSource arrivals)
    {
        var times = new List<double>();
        while (arrivals.TryPeek(out _))
        {
            arrivals.Take(out var arrival);
            times.Add(arrival.AtNs / 1e9);
        }
        return times;
    }
}
