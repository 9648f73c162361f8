using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Money;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Search;
using Plimsoll.Bench.Text;
using Plimsoll.Bench.Wire;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Reports;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Bench;

/// <summary>What the page of a run says, of a run made by hand.</summary>
public sealed class BenchPageWordsTests
{
    [Theory]
    [InlineData("<gold>")]
    [InlineData(">gold<")]
    [InlineData("gold & <b>")]
    public void A_levels_name_stands_as_it_is_and_to_the_right(string name)
    {
        var page = Html(BenchPage.Of(Result([Level(name, 3), Level("other", 3)]), null, null, "1"));
        page.ShouldContain($"<th>{HtmlText.Escape(name)}</th>");
    }

    [Theory]
    [InlineData("<a>.json")]
    [InlineData(">a.json")]
    public void A_files_name_stands_as_it_is_in_a_comparison(string name)
    {
        var folder = Directory.CreateTempSubdirectory("plimsoll-");
        try
        {
            var path = Path.Combine(folder.FullName, name);
            VllmJson.Save(Result([Level("default", 3)]), path, null);
            var diff = new ResultDiff(ComparedRun.Read(path, name), ComparedRun.Read(path, "other"));
            diff.Headers()[0].ShouldBe(name);
            Html(diff.Page("1")).ShouldContain($"<th>{HtmlText.Escape(name)}</th>");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_page_says_what_the_text_says()
    {
        var result = Result([Level("default", 40, asked: 9)]) with
        {
            MeanInFlight = 2.5, MostInFlight = 7, BusyS = 5,
            Server = new ServerReport
            {
                PromptTokens = 1, GenerationTokens = 1, PrefixCacheHitShare = 0.25, Preemptions = 3,
                MeanRunning = 2, MeanWaiting = 1, MostKvCacheUsage = 0.5, MeanTtftMs = 12, MeanQueueMs = 4,
            },
            Steps = new StepsReport([], 0, "no such file"),
        };
        var page = Html(BenchPage.Of(result, Bill.Of(result, Money(1)), null, "1"));
        foreach (var said in new[]
        {
            "40 requests served, 0 failed, in 10.0 s; 2.5 in flight on average, 7 at most",
            "4.00 requests/s, ", " a request; busy 50.0 % of the time", "ended before the length asked for",
            "mean TTFT 12 ms, mean queue 4 ms, running 2, waiting 1, prefix cache hits 25 %",
            "KV cache at most 50 %, preemptions 3", "The engine&#39;s log was not joined whole: no such file",
        })
        {
            (page.Contains(said) || page.Contains(said.Replace("&#39;", "'"))).ShouldBeTrue(said);
        }
    }

    [Fact]
    public void Too_few_samples_are_said_and_not_drawn()
    {
        var few = BenchPage.Of(Result([Level("default", 3)]), null, null, "1");
        few.Pictures.ShouldNotContain(picture => picture.Name == "latency-ttft");
        few.Notes.ShouldContain("No picture of TTFT: 3 samples, a curve needs 11 of them and more than two "
            + "different ones.");
        var many = BenchPage.Of(Result([Level("default", 40)]), null, null, "1");
        many.Pictures.ShouldContain(picture => picture.Name == "latency-ttft");
        many.Notes.ShouldNotContain(note => note.StartsWith("No picture of TTFT"));
    }

    [Fact]
    public void A_sweep_of_one_rate_is_a_table_and_says_why_it_draws_nothing()
    {
        var page = SweepPage.Of([new SweepPoint(1, Result([Level("default", 40)]), null)], "1");
        page.Pictures.ShouldBeEmpty();
        page.Notes.ShouldContain("TTFT p50 is not drawn: 1 rate had the 11 samples that it needs, "
            + "a line needs two.");
    }

    [Fact]
    public void A_sweep_draws_its_promise_and_says_what_failed()
    {
        var level = Level("default", 40, limit: "ttft p95 50ms") with
        {
            Failed = 2, Failures = [new FailureReport("refused", 2, "HTTP 400: no")],
        };
        var page = SweepPage.Of(
            [new SweepPoint(1, Result([level]), null), new SweepPoint(2, Result([level]), null)], "1");
        Svg(page.Pictures.Single(picture => picture.Name == "sweep-ttft")).ShouldContain("p95 50 ms");
        page.Notes.ShouldContain("2 requests/s: 2 refused: HTTP 400: no");
        page.Lines.ShouldContain("Promise: ttft p95 50ms.");
    }

    /// <summary>The first level's success is not the run's.</summary>
    [Fact]
    public void A_page_says_on_top_what_became_of_the_promise_and_of_each_level()
    {
        var page = BenchPage.Of(Result([Level("chat", 140, limit: "ttft p95 50ms"),
            Level("batch", 140, limit: "ttft p95 1us")]), null, null, "1");
        page.Figures.ShouldContain(figure => figure.Number == "broken" && figure.Text == "the promise");
        page.Figures.ShouldContain(figure => figure.Number == "0.0 %"
            && figure.Text == "of 140 requests of batch kept every limit");
    }

    /// <summary>12.5 requests a second of 104 tokens for $2 an hour.</summary>
    [Fact]
    public void A_searched_line_has_its_own_price_and_no_verdict_of_the_search()
    {
        var result = Result([Level("default", 140)]) with
        {
            LoadLine = new LoadLineEstimate(
                LineOutcome.Found, 12.5, 10, 15, PromiseText.Parse("ttft p95 50ms"), 4, 140, 9),
        };
        var usd = Bill.Of(result, Money(1)).UsdPerMillionTokensAtLine!.Value;
        usd.Value.ShouldBe(1e6 * 2 / 3600 / (12.5 * 104), 1e-9);
        (usd.Low!.Value, usd.High!.Value).ShouldBe((usd.Value * 12.5 / 15, usd.Value * 12.5 / 10));
        var page = BenchPage.Of(result, Bill.Of(result, Money(1)), null, "1");
        page.Figures.ShouldContain(figure =>
            figure.Text.StartsWith("per million tokens at the load line", StringComparison.Ordinal));
        page.Notes.ShouldContain("load line 12.50 requests/s, 95 % interval 10.00 – 15.00, bound by ttft p95 "
            + "50ms; from 4 stretches of steady rate around it, 140 requests in all, 9 s.");
    }

    [Fact]
    public void A_search_whose_endpoint_went_away_says_what_failed()
    {
        var level = Level("default", 13) with
        {
            Failed = 20, Failures = [new FailureReport("unreachable", 20, "Connection refused")],
        };
        var line = new LoadLineEstimate(
            LineOutcome.Nowhere, null, null, null, PromiseText.Parse("ttft p50 500ms"), 0, 33, 30);
        BenchPage.Of(Result([level]) with { LoadLine = line }, null, null, "1").Figures
            .ShouldContain(figure => figure.Number == "none");
        LineWords.Found(line, Result([level]))
            .ShouldContain("20 of the requests failed (unreachable: Connection refused)");
    }

    [Fact]
    public void A_run_that_ended_in_its_warm_up_says_so()
    {
        var result = Result([Level("default", 0) with { Completed = 0 }]) with { InWarmup = 20 };
        result.Warnings.ShouldContain(
            "all 20 requests were due in the warm-up, of which nothing is measured");
    }

    [Fact]
    public void A_comparison_draws_the_limits_of_both_runs()
    {
        var (one, two) = (Result([Level("default", 40, limit: "ttft p95 50ms")]),
            Result([Level("default", 40, limit: "ttft p95 80ms")]));
        var text = Svg(LatencyCurves.Of(Metric.Ttft, [("a", one), ("b", two)])!);
        text.ShouldContain("p95 50 ms of a");
        text.ShouldContain("p95 80 ms of b");
        var same = Svg(LatencyCurves.Of(Metric.Ttft, [("a", one), ("b", one)])!);
        same.ShouldContain("p95 50 ms");
        same.ShouldNotContain("p95 50 ms of");
    }

    /// <summary>Behind several replicas nobody sees which was idle when: the two are one part.</summary>
    [Theory]
    [InlineData(1, "floor,kernels,batching,waiting,idle", "busy 50.0 % of the time")]
    [InlineData(8, "floor,kernels,batching,waiting or idle",
        "busy 50.0 % of the time: something was under way somewhere in 8 replicas")]
    public void Idle_is_said_of_one_replica_alone(int count, string bars, string busy)
    {
        var result = Result([Level("default", 40)]) with { BusyS = 5 };
        var bill = Bill.Of(result, Money(count));
        string.Join(",", bill.Gap.Select(bar => bar.Name)).ShouldBe(bars);
        bill.Gap.Sum(bar => bar.UsdPerMillionTokens)
            .ShouldBe(bill.UsdPerMillionTokens!.Value.Value, 1e-6 * bill.UsdPerMillionTokens.Value.Value);
        MoneyWords.Busy(bill).ShouldBe(busy);
    }

    static MoneyOptions Money(int count)
    {
        var gpu = Catalogue.BuiltIn.FindAccelerator("h100_sxm");
        var model = Catalogue.BuiltIn.FindModel("Llama-3.1-8B");
        return new MoneyOptions
        {
            Accelerator = gpu, Count = count, Price = Catalogue.BuiltIn.FindPrice(gpu, "2"),
            Deployment = new Deployment
            {
                Model = model, Accelerator = gpu, TensorParallel = 1, Weights = model.NativeWeights,
                Engine = EngineCatalogue.ServerDefaults(gpu),
            },
        };
    }

    static LevelReport Level(string name, int requests, int asked = 4, string? limit = null)
    {
        var meter = new LevelMeter(new LevelOptions
        {
            Name = name, Promise = limit is null ? [] : [PromiseText.Parse(limit)],
        });
        for (var i = 0; i < requests; i++)
        {
            var record = new RequestRecord
            {
                Index = i, ScheduledNs = 100_000_000L * i, DispatchedNs = 100_000_000L * i,
                PromptTokens = 100, AskedPromptTokens = 100, AskedOutputTokens = asked, OutputTokens = 4,
                HasUsage = true,
            };
            for (var token = 1; token <= 4; token++)
                record.Arrived(100_000_000L * i + 10_000_000L * token + 1_000_000L * (i % 9), token);
            record.EndNs = record.LastTokenNs;
            meter.Add(record);
        }
        return meter.Report(LatencyReport.UsualPercentiles);
    }

    static BenchResult Result(IReadOnlyList<LevelReport> levels) => new()
    {
        StartedAt = DateTimeOffset.UnixEpoch, DurationS = 10, Interrupted = false, Address = "by hand",
        Model = "Llama-3.1-8B", TokenCounting = "by hand", PromptLengths = "by hand", Load = "test",
        Levels = levels,
        Client = new ClientReport
        {
            DispatchLateP50Ms = 0, DispatchLateP99Ms = 0, WrittenLateP50Ms = 0, WrittenLateP99Ms = 0,
            ReadLagP99Ms = 0, CpuShare = 0, PausedMs = 0, ClockSteps = 0, ClockSteppedMs = 0, MostShare = 0.1,
            InvalidBecause = [],
        },
    };

    static string Html(PageModel model)
    {
        using var page = new StringWriter();
        Page.Write(model, page);
        return page.ToString();
    }

    static string Svg(ReportPicture picture)
    {
        using var page = new StringWriter();
        Plimsoll.Reports.Drawing.SvgWriter.WriteInPage(picture.Scene, picture.Sentence, picture.Name, page);
        return page.ToString();
    }
}
