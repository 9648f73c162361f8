using System;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Parquet.Serialization;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Money;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Text;
using Plimsoll.Bench.Verdicts;
using Plimsoll.Bench.Wire;
using Plimsoll.Cli;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Measured;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Bench;

/// <summary>One real run, and everything that is made of it.</summary>
public sealed class ResultTests : IAsyncLifetime
{
    const int Requests = 150;
    const int Tokens = 6;

    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("plimsoll-");
    BenchRun _run = null!;
    BenchResult _result = null!;

    public async ValueTask InitializeAsync()
    {
        await using var endpoint = await ScriptedEndpoint.Start((context, body) => ScriptedEndpoint.Stream(
            context, body, ScriptedEndpoint.Asked(body), _ => 0, perChunk: 2));
        _run = new BenchRun(new BenchOptions
        {
            Endpoint = new EndpointOptions { BaseUrl = endpoint.BaseUrl, Model = "scripted" },
            Levels = [new LevelOptions
            {
                Lengths = new LengthOptions(30, Tokens), RequestsPerSecond = 300, Requests = Requests,
                Promise = [PromiseText.Parse("ttft p95 20s"), PromiseText.Parse("e2e p50 20s")],
            }],
            Load = "test",
            Detail = true,
            Metadata = [new("run", "seventh")],
        });
        _result = _run.Run(CancellationToken.None);
    }

    public ValueTask DisposeAsync()
    {
        _run.Dispose();
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    string File(string name) => Path.Combine(_folder.FullName, name);

    [Fact]
    public void Tokens_count_as_tokens_and_not_as_chunks()
    {
        var level = _result.Levels.Single();
        level.OutputTokens.ShouldBe(Requests * Tokens);
        level.Chunks.ShouldBe(Requests * Tokens / 2);
        level.Latencies[Metric.Itl].Samples.ShouldBe(Requests * (Tokens - 1));
        level.Verdict.ShouldBe(PromiseVerdict.Kept);
        level.Goodput.ShouldBe(1);
        level.Latencies[Metric.Ttft].At(95).ShouldNotBeNull();
        level.Latencies[Metric.Ttft].At(99).ShouldBeNull("150 requests know no p99");
        level.FromSend[Metric.Ttft].MeanMs.ShouldNotBeNull();
        var sent = level.FromSend[Metric.Ttft].MeanMs!.Value;
        sent.ShouldBeLessThanOrEqualTo(level.Latencies[Metric.Ttft].MeanMs!.Value);
    }

    [Fact]
    public void The_result_has_vllms_keys_and_is_what_calibration_reads()
    {
        VllmJson.Save(_result, File("r.json"), _run.Detail);
        using var json = JsonDocument.Parse(System.IO.File.ReadAllBytes(File("r.json")));
        foreach (var key in new[]
        {
            "duration", "completed", "failed", "total_input_tokens", "total_output_tokens",
                "request_throughput",
            "request_goodput", "output_throughput", "total_token_throughput", "mean_ttft_ms",
                "median_tpot_ms", "std_itl_ms",
            "p99_e2el_ms", "input_lens", "output_lens", "ttfts", "itls", "start_times", "errors", "run",
                "plimsoll",
        })
        {
            json.RootElement.TryGetProperty(key, out _).ShouldBeTrue(key);
        }
        json.RootElement.GetProperty("p99_ttft_ms").ValueKind.ShouldBe(JsonValueKind.Null);
        var read = MeasuredRequests.Read(File("r.json"));
        read.Timings.Count.ShouldBe(Requests);
        read.Timings.ShouldAllBe(t =>
            t.PromptTokens == 30 && t.OutputTokens == Tokens && t.TtftNs > 0 && t.E2eNs >= t.TtftNs);
        (read.Timings.Average(t =>
            t.TtftNs) / 1e6).ShouldBe(_result.Levels[0].Latencies[Metric.Ttft].MeanMs!.Value, 1e-3);
    }

    [Fact]
    public async Task Csv_and_parquet_hold_a_row_per_request()
    {
        CsvExport.Save(_result, _run.Detail!, File("r.csv"));
        var lines = System.IO.File.ReadAllLines(File("r.csv"));
        lines.Length.ShouldBe(Requests + 1);
        lines[0].Split(',').Length.ShouldBe(lines[1].Split(',').Length);
        ParquetExport.Save(_result, _run.Detail!, File("r.parquet"));
        await using var file = System.IO.File.OpenRead(File("r.parquet"));
        var rows = await ParquetSerializer.DeserializeUntypedAsync(
            file, cancellationToken: TestContext.Current.CancellationToken);
        rows.Data.Count.ShouldBe(Requests);
        rows.Data.Sum(row => Convert.ToInt64(row["output_tokens"])).ShouldBe(Requests * Tokens);
    }

    [Fact]
    public void The_benchmark_report_has_llm_ds_shape()
    {
        LlmdReport.Save(_result, File("l.json"), "1.0");
        using var json = JsonDocument.Parse(System.IO.File.ReadAllBytes(File("l.json")));
        json.RootElement.GetProperty("version").GetString().ShouldBe("0.2.1");
        var aggregate = json.RootElement.GetProperty("results").GetProperty("request_performance")
            .GetProperty("aggregate");
        aggregate.GetProperty("requests").GetProperty("total").GetInt64().ShouldBe(Requests);
        var ttft = aggregate.GetProperty("latency").GetProperty("time_to_first_token");
        ttft.GetProperty("units").GetString().ShouldBe("ms");
        ttft.GetProperty("mean").GetDouble().ShouldBeGreaterThan(0);
        json.RootElement.GetProperty("scenario").GetProperty("load").GetProperty("standardized")
            .GetProperty("tool")
            .GetString().ShouldBe("plimsoll");
    }

    [Fact]
    public void The_gap_to_the_bound_sums_to_the_bill()
    {
        var accelerator = Catalogue.BuiltIn.FindAccelerator("h100_sxm");
        var model = Catalogue.BuiltIn.FindModel("Llama-3.1-8B");
        var bill = Bill.Of(_result, new MoneyOptions
        {
            Accelerator = accelerator,
            Count = 2,
            Price = Catalogue.BuiltIn.FindPrice(accelerator, "2.50"),
            Deployment = new Deployment
            {
                Model = model, Accelerator = accelerator, Weights = model.NativeWeights,
                Engine = EngineCatalogue.ServerDefaults(accelerator),
            },
        });
        bill.UsdPerHour.ShouldBe(5);
        var expected = 5 * _result.DurationS / 3600 / (Requests * (30 + Tokens)) * 1e6;
        bill.UsdPerMillionTokens!.Value.Value.ShouldBe(expected, 1e-9 * expected);
        bill.UsdPerMillionGoodTokens!.Value.Value.ShouldBe(expected, 1e-9 * expected);
        bill.Gap.Select(bar => bar.Name).ShouldBe(["floor", "kernels", "batching", "waiting or idle"]);
        bill.Gap.Sum(bar => bar.UsdPerMillionTokens).ShouldBe(expected, 1e-9 * expected);
        bill.Gap[0].UsdPerMillionTokens.ShouldBeGreaterThan(0);
        bill.Gap[1].UsdPerMillionTokens.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Results_are_imported_compared_and_put_on_a_page()
    {
        VllmJson.Save(_result, File("a.json"), _run.Detail);
        VllmJson.Save(_result, File("b.json"), detail: null);
        using var output = new StringWriter();
        CommandLine.Run(["bench", "diff", File("a.json"), File("b.json"), "--report", File("d.html")],
            output, output)
            .ShouldBe(0, output.ToString());
        output.ToString().ShouldContain("mean_ttft_ms");
        // The second file has no requests: its figures stand without an interval.
        output.ToString().ShouldNotContain("within noise");
        output.ToString().ShouldMatch(@"\npromise +kept +– +kept", "words stand as words");
        output.ToString().ShouldContain("no intervals for b: its file holds no requests");
        output.ToString().ShouldNotContain("no intervals for a");
        System.IO.File.ReadAllText(File("d.html")).ShouldContain("<h1>a and b</h1>");
        using var imported = new StringWriter();
        CommandLine.Run(
            ["bench", "import", File("a.json"), "--promise", "ttft p95 20s", "--report", File("i.html")],
                imported, imported)
            .ShouldBe(0, imported.ToString());
        imported.ToString().ShouldContain("promise kept");
        System.IO.File.ReadAllText(File("i.html")).ShouldContain("<svg");
    }

    [Fact]
    public void Another_tools_latencies_are_said_to_run_from_its_own_send()
    {
        string Times(string value) => $"[{string.Join(", ", Enumerable.Repeat(value, 30))}]";
        System.IO.File.WriteAllText(File("vllm.json"), $$"""
            {"model_id": "m", "duration": 3, "completed": 30, "request_throughput": 10,
             "input_lens": {{Times("10")}}, "output_lens": {{Times("3")}}, "ttfts": {{Times("0.1")}},
             "itls": {{Times("[0.01, 0.01]")}}, "errors": {{Times("\"\"")}},
             "start_times": [{{string.Join(", ", Enumerable.Range(0, 30).Select(i => $"0.{i:00}"))}}]}
            """);
        using var text = new StringWriter();
        CommandLine.Run(["bench", "import", File("vllm.json"), "--report", File("v.html")], text, text)
            .ShouldBe(0, text.ToString());
        text.ToString().ShouldContain("ms, from that tool's own send");
        text.ToString().ShouldNotContain("scheduled");
        text.ToString().ShouldNotContain("from the send itself");
        System.IO.File.ReadAllText(File("v.html")).ShouldNotContain("scheduled send");
    }

    [Theory]
    [InlineData("\"request_throughput\": 1, \"completed\": 5, \"mean_ttft_ms\": -5", 2, "mean_ttft_ms is -5")]
    [InlineData("\"request_throughput\": 0, \"completed\": 0, \"failed\": 9", 1, "no request was served")]
    public void What_cannot_be_is_not_compared(string figures, int code, string expected)
    {
        System.IO.File.WriteAllText(File("bad.json"), "{" + figures + "}");
        VllmJson.Save(_result, File("good.json"), detail: null);
        using var output = new StringWriter();
        CommandLine.Run(["bench", "diff", File("good.json"), File("bad.json")], output, output)
            .ShouldBe(code, output.ToString());
        output.ToString().ShouldContain(expected);
    }

    [Theory]
    [InlineData(300.0, "300")]
    [InlineData(1218.34, "1,218")]
    [InlineData(9.6628, "9.66")]
    [InlineData(31.04, "31.0")]
    [InlineData(0.50764, "0.508")]
    [InlineData(0.0000719, "0.0000719")]
    [InlineData(0.0, "0")]
    [InlineData(-12.345, "-12.3")]
    [InlineData(null, "–")]
    public void A_figure_has_no_more_digits_than_runs_repeat(double? value, string text) =>
        ResultDiff.Text(value).ShouldBe(text);

    [Fact]
    public void An_account_is_compared_figure_by_figure()
    {
        System.IO.File.WriteAllText(File("account.json"), """
            {"statement": {"price": {"usdPerGpuHour": 2.0}},
             "classes": [{"class": "interactive", "loadLine": {"requestsPerSecond": 10},
               "cost": {"usdPerMillionTokens": 0.5},
               "latency": {"ttftMs": {"p50": 0.000001}, "tpotMs": {"p50": null}, "e2eMs": {}},
               "bounds": {"low": {"cost": {"usdPerMillionTokens": 0.4}, "latency": {"ttftMs": {"p50": 0.0000005}}},
                          "high": {"cost": null, "latency": {"ttftMs": {"p50": 0.000002}}}}}]}
            """);
        var against = AccountComparison.Read(File("account.json"), _result, money: null);
        var ttft = against.Figures.Single(figure => figure.Name == "ttft p50, ms");
        ttft.IsOff.ShouldBeTrue();
        ttft.Realised.ShouldBe(_result.Levels[0].Latencies[Metric.Ttft].At(50));
        var fleet = against.Figures.Single(f => f.Name.Contains("the fleet", StringComparison.Ordinal));
        (fleet.Predicted, fleet.Low, fleet.Realised, fleet.IsOff).ShouldBe((0.5, 0.4, null, false));
        against.Off.ShouldHaveSingleItem().ShouldContain("prefill speed");
    }

    [Fact]
    public void A_run_at_another_rate_than_the_accounts_speaks_against_the_rate_first()
    {
        System.IO.File.WriteAllText(File("account.json"), """
            {"statement": {"price": {"usdPerGpuHour": 2.0}},
             "classes": [{"class": "interactive", "loadLine": {"requestsPerSecond": 1e15},
               "fleet": {"replicas": 3, "accelerators": 6},
               "cost": {"usdPerMillionTokens": 0.5, "usdPerRequest": 0.5},
               "latency": {"ttftMs": {"p50": 0.000001}}}]}
            """);
        var accelerator = Catalogue.BuiltIn.FindAccelerator("h100_sxm");
        var money = Bill.Of(_result, new MoneyOptions
        {
            Accelerator = accelerator,
            Count = 4,
            Price = Catalogue.BuiltIn.FindPrice(accelerator, "2.50"),
        });
        var against = AccountComparison.Read(File("account.json"), _result, money);
        var rate = against.Figures.Single(figure => figure.Name == "rate, requests/s of a replica");
        rate.Realised.ShouldNotBeNull().ShouldBe(_result.PerSecond(_result.Completed) / 2, 1e-9,
            "four accelerators are two replicas of two");
        against.Figures.Single(figure => figure.Name == "tokens per request").Predicted
            .ShouldBe(1_000_000, 1e-6);
        against.Off.First(line => line.StartsWith("rate", StringComparison.Ordinal))
            .ShouldContain("load line");
        against.Off.First(line => line.StartsWith("ttft p50", StringComparison.Ordinal))
            .ShouldEndWith("the rate, before anything else");
    }

    /// <summary>
    /// Lengths of a millionth of the account's explain a cost more than a rate of a third does; and no figure
    /// says anything where the cards are two.
    /// </summary>
    [Fact]
    public void The_largest_difference_is_named_first_and_what_is_not_alike_before_it()
    {
        System.IO.File.WriteAllText(File("account.json"), $$"""
            {"statement": {"model": "Llama-3.1-8B", "price": {"usdPerGpuHour": 2.5 },
               "deployment": {"gpu": "MI300X", "tp": 1, "weights": "bf16", "kv": "bf16" } },
             "classes": [{"class": "interactive",
               "loadLine": {"requestsPerSecond": {{3 * _result.PerSecond(_result.Completed)}} },
               "fleet": {"replicas": 3, "accelerators": 3, "usdPerHour": 7.5},
               "cost": {"usdPerMillionTokens": 0.5, "usdPerRequest": 50},
               "latency": {"ttftMs": {"p50": 0.000001 } } } ] }
            """);
        var accelerator = Catalogue.BuiltIn.FindAccelerator("h100_sxm");
        var money = Bill.Of(_result, new MoneyOptions
        {
            Accelerator = accelerator, Count = 1,
            Price = Catalogue.BuiltIn.FindPrice(accelerator, "2.50"),
        });
        var against = AccountComparison.Read(File("account.json"), _result, money);
        against.Off[0].ShouldBe("card: the account is of MI300X, the run of H100 SXM: their figures are not "
            + "of one thing");
        against.Off.Single(line => line.StartsWith("USD per million tokens, a replica",
            StringComparison.Ordinal)).ShouldEndWith("the lengths, before anything else");
    }

    /// <summary>6 replicas are there for the peaks; one of them under a steady load costs less.</summary>
    [Fact]
    public void Dollars_beside_a_runs_are_those_of_a_replica_at_its_load_line()
    {
        System.IO.File.WriteAllText(File("account.json"), """
            {"statement": {"price": {"usdPerGpuHour": 3.29}},
             "classes": [{"class": "interactive", "loadLine": {"requestsPerSecond": 15.0146},
               "fleet": {"replicas": 6, "accelerators": 6, "usdPerHour": 19.74},
               "cost": {"usdPerMillionTokens": 0.088705, "usdPerRequest": 0.00012157641},
               "latency": {},
               "bounds": {"low": {"loadLineRequestsPerSecond": 10, "cost": null, "latency": {}},
                          "high": {"loadLineRequestsPerSecond": 20, "cost": null, "latency": {}}}}]}
            """);
        var money = Bill.Of(_result, new MoneyOptions
        {
            Accelerator = Catalogue.BuiltIn.FindAccelerator("h100_sxm"),
            Count = 1,
            Price = Catalogue.BuiltIn.FindPrice(Catalogue.BuiltIn.FindAccelerator("h100_sxm"), "3.29"),
        });
        var against = AccountComparison.Read(File("account.json"), _result, money);
        var cost = against.Figures.Single(figure =>
            figure.Name == "USD per million tokens, a replica at its load line");
        cost.Predicted.ShouldBe(3.29 / 3600 / 15.0146 / 1370.57 * 1e6, 1e-6);
        cost.Low.ShouldNotBeNull().ShouldBe(cost.Predicted * 15.0146 / 20, 1e-9);
        cost.High.ShouldNotBeNull().ShouldBe(cost.Predicted * 15.0146 / 10, 1e-9);
        cost.Realised.ShouldBe(money.UsdPerMillionTokens?.Value);
        against.Figures.Single(figure => figure.Name.EndsWith("sized for its demand",
            StringComparison.Ordinal)).Realised.ShouldBeNull("one replica is no fleet");
    }

    [Fact]
    public void A_spool_gives_back_what_was_put_in()
    {
        using var spool = new DetailSpool();
        var record = new RequestRecord
        {
            Index = 7, Level = 2, Session = -1, ScheduledNs = 10, SentNs = 12, EndNs = 99, OutputTokens = 3,
            Failure = FailureKind.Truncated, Message = "cut, \"short\"", HasUsage = true,
        };
        record.Arrived(50, 1);
        record.Arrived(60, 3);
        spool.Add(record);
        spool.Add(record);
        var read = spool.Read().Last();
        (read.Index, read.Level, read.Session, read.Message).ShouldBe((7, 2, -1, "cut, \"short\""));
        read.Arrivals.ToArray().ShouldBe([new TokenArrival(50, 1), new TokenArrival(60, 3)]);
        (read.FirstTokenNs, read.LastTokenNs, read.Failure).ShouldBe((50, 60, FailureKind.Truncated));
    }
}
