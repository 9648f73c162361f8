using System;
using System.IO;
using System.Linq;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Money;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Runs;
using Plimsoll.Core;
using Plimsoll.Core.Measures;
using Plimsoll.Inputs.Catalogues;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Bench;

/// <summary>Files of other tools, whose figures are worked out by hand.</summary>
public sealed class ImportedRunTests : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("plimsoll-");

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>A hundred requests of a second each by eight clients take 12.5 s, not one.</summary>
    [Fact]
    public void A_closed_loop_without_starts_takes_its_stated_time()
    {
        var result = Read(Vllm(100, "\"duration\": 12.5, \"max_concurrency\": 8,"));
        (result.DurationS, result.MostInFlight, result.Slices.Count).ShouldBe((12.5, 8, 1));
        result.MeanInFlight.ShouldBe(8, 1e-9);
        result.Warnings.ShouldHaveSingleItem().ShouldContain("does not say when its requests were sent");
        var gpu = Catalogue.BuiltIn.FindAccelerator("h100_sxm");
        var bill = Bill.Of(result, new MoneyOptions
        {
            Accelerator = gpu, Count = 1, Price = Catalogue.BuiltIn.FindPrice(gpu, "3.6"),
        });
        bill.UsdPerMillionTokens!.Value.Value.ShouldBe(12.5 * 3.6 / 3600 / 20_000 * 1e6, 1e-9);
    }

    [Fact]
    public void Gaps_of_an_answer_that_came_a_token_at_a_time_are_known()
    {
        var gaps = Read(Vllm(20, "\"duration\": 2,")).Levels[0].Latencies[Metric.Itl];
        (gaps.Samples, Math.Round(gaps.MeanMs!.Value, 6)).ShouldBe((20 * 99, Math.Round(1e3 / 110, 6)));
    }

    [Fact]
    public void What_the_first_failure_said_is_kept()
    {
        var errors = string.Concat(Enumerable.Repeat("\"\",", 20)) + "\"boom: out of\\nmemory\"";
        var result = Read(Vllm(21, $"\"duration\": 2, \"errors\": [{errors}],"));
        var failure = result.Levels[0].Failures.ShouldHaveSingleItem();
        (failure.Count, failure.Example).ShouldBe((1, "boom: out of memory"));
    }

    /// <summary>The tool cut them off at its end; nobody waited in vain.</summary>
    [Fact]
    public void Requests_that_guidellm_cut_off_are_given_up()
    {
        var level = Read(Guidellm(1, "{}, {}")).Levels[0];
        (level.Completed, level.Failed, level.Cancelled).ShouldBe((20, 0, 2));
    }

    [Theory]
    [InlineData("guidellm", "holds 2 runs one after another")]
    [InlineData("no duration", "neither start_times nor a duration")]
    [InlineData("no list", "itls[0] is no list")]
    [InlineData("tokens", "at most 100000000 of each")]
    [InlineData("more tokens", "input_lens[0] is no number of tokens")]
    [InlineData("half a token", "output_lens[0] is no number of tokens")]
    [InlineData("late", "within a century")]
    public void What_cannot_be_judged_is_one_line(string what, string expected)
    {
        var some = Vllm(20, "\"duration\": 2,");
        var text = what switch
        {
            "guidellm" => Guidellm(2, ""),
            "no duration" => Vllm(20, ""),
            "no list" => Vllm(20, "\"duration\": 2,", gaps: "5"),
            "tokens" => some.Replace("\"input_lens\": [100", "\"input_lens\": [2147483647"),
            "more tokens" => some.Replace("\"input_lens\": [100", "\"input_lens\": [1e18"),
            "half a token" => some.Replace("\"output_lens\": [100", "\"output_lens\": [1.5"),
            _ => Vllm(20, $"\"start_times\": [1e10{string.Concat(Enumerable.Repeat(",1", 19))}],"),
        };
        var refusal = Should.Throw<BadInputException>(() => Read(text));
        refusal.Message.ShouldContain(expected);
        refusal.Message.ShouldNotContain('\n');
    }

    BenchResult Read(string text)
    {
        var path = Path.Combine(_folder.FullName, "run.json");
        File.WriteAllText(path, text);
        return ImportedRun.Read(path, new LevelOptions(), LatencyReport.UsualPercentiles);
    }

    /// <summary>Requests of 100 + 100 tokens and one second: 100 ms, and 99 gaps.</summary>
    static string Vllm(int requests, string more, string? gaps = null)
    {
        gaps ??= $"[{string.Join(",", Enumerable.Repeat("0.00909090909090909", 99))}]";
        return "{\"request_rate\": \"inf\", " + more + $$"""
             "input_lens": [{{Each("100")}}], "output_lens": [{{Each("100")}}], "ttfts": [{{Each("0.1")}}],
             "itls": [{{Each(gaps)}}]}
            """;

        string Each(string value) => string.Join(",", Enumerable.Repeat(value, requests));
    }

    static string Guidellm(int benchmarks, string incomplete)
    {
        var request = "{\"request_start_time\": 1, \"prompt_tokens\": 10, \"output_tokens\": 2, "
            + "\"time_to_first_token_ms\": 5, \"inter_token_latency_ms\": 5}";
        var successful = string.Join(",", Enumerable.Repeat(request, 20));
        var benchmark = $"{{\"requests\": {{\"successful\": [{successful}], "
            + $"\"incomplete\": [{incomplete}], \"errored\": []}}}}";
        return $"{{\"benchmarks\": [{string.Join(",", Enumerable.Repeat(benchmark, benchmarks))}]}}";
    }
}
