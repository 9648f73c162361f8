using System.Diagnostics;
using System.IO;
using System.Text.Json;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Plimsoll.Tests.Bench;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests;

/// <summary>The real binary against a real endpoint on a real port.</summary>
public sealed class BenchTests
{
    [Fact]
    public async Task A_promise_that_is_kept_exits_0_and_one_that_is_broken_1()
    {
        await using var endpoint = await ScriptedEndpoint.Start();
        using var folder = new TemporaryFolder();
        var result = folder.File("r.json");
        var kept = PlimsollProcess.Run(
            "bench", "--base-url", $"{endpoint.BaseUrl}", "--random-input-len", "40",
            "--random-output-len", "5", "--request-rate", "150", "--num-prompts", "150",
            "--promise", "ttft p95 60s", "--gpu", "h100_sxm", "--model", "Llama-3.1-8B",
            "--weights", "fp8", "--save-detailed", "--result-filename", result, "--metadata", "site=here");
        kept.ExitCode.ShouldBe(0, kept.Story);
        kept.Output.ShouldContain("promise kept");
        kept.Output.ShouldContain("USD / M tokens");
        kept.Output.ShouldContain("From the bound to the bill");
        kept.Output.ShouldContain("Llama-3.1-8B with fp8 weights and bf16 KV on 1 ×");
        using var json = JsonDocument.Parse(File.ReadAllBytes(result));
        json.RootElement.GetProperty("completed").GetInt32().ShouldBe(150);
        json.RootElement.GetProperty("site").GetString().ShouldBe("here");
        json.RootElement.GetProperty("ttfts").GetArrayLength().ShouldBe(150);
        json.RootElement.GetProperty("plimsoll").GetProperty("money").GetProperty("count").GetInt32()
            .ShouldBe(1);
        var broken = PlimsollProcess.Run(
            "bench", "--base-url", $"{endpoint.BaseUrl}", "--num-prompts", "150", "--max-concurrency", "8",
            "--random-output-len", "5", "--promise", "ttft p95 1us", "--max-client-lateness", "1", "--json");
        broken.ExitCode.ShouldBe(1, broken.Story);
        using var printed = JsonDocument.Parse(broken.Output);
        printed.RootElement.GetProperty("plimsoll").GetProperty("holds").GetBoolean().ShouldBeFalse();
        printed.RootElement.GetProperty("request_rate").GetString().ShouldBe("inf");
    }

    [Fact]
    public void Nobody_there_is_one_line_exit_code_2_and_a_report_all_the_same()
    {
        using var folder = new TemporaryFolder();
        var result = folder.File("r.json");
        var run = PlimsollProcess.Run(
            "bench", "--base-url", "http://127.0.0.1:9", "--model", "m", "--result-filename", result);
        run.ExitCode.ShouldBe(2);
        run.Output.ShouldBeEmpty();
        run.Story.Trim().Split('\n').ShouldHaveSingleItem()
            .ShouldStartWith("plimsoll: http://127.0.0.1:9/v1/chat");
        File.ReadAllText(result).ShouldContain("\"unreachable\"");
    }

    /// <summary>An endpoint that is broken from the start: one line, and a report all the same.</summary>
    [Theory]
    [InlineData("401", "HTTP 401: no such key", "unauthorised")]
    [InlineData("404", "HTTP 404: no such model", "not_found")]
    [InlineData("html", "content type text/html; expected text/event-stream", "not_events")]
    [InlineData("malformed", "an event that is no JSON of a chunk", "malformed")]
    [InlineData("endless", "no whole answer within 0.5 s", "timed_out")]
    [InlineData("flood", "an event of more than", "malformed")]
    public async Task A_broken_endpoint_is_one_line_and_a_report_all_the_same(
        string how, string line, string kind)
    {
        await using var endpoint = await ScriptedEndpoint.Start(async (context, _) =>
        {
            if (int.TryParse(how, out var status))
            {
                context.Response.StatusCode = status;
                await context.Response.WriteAsync(
                    $"{{\"error\":{{\"message\":\"no such {(status == 401 ? "key" : "model")}\"}}}}");
                return;
            }
            context.Response.ContentType = how == "html" ? "text/html" : "text/event-stream";
            if (how == "malformed")
                await ScriptedEndpoint.Event(context, "{\"choices\":[{]}");
            var filler = new string('x', 1 << 16);
            while (how == "flood" && !context.RequestAborted.IsCancellationRequested)
                await context.Response.WriteAsync(filler, context.RequestAborted);
            while (how == "endless" && !context.RequestAborted.IsCancellationRequested)
            {
                await ScriptedEndpoint.Event(
                    context, "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\" a\"}}]}");
                await Task.Delay(20, context.RequestAborted);
            }
        });
        using var folder = new TemporaryFolder();
        var result = folder.File("r.json");
        var run = PlimsollProcess.Run(
            "bench", "--base-url", $"{endpoint.BaseUrl}", "--model", "m", "--result-filename", result,
            "--timeout", how == "endless" ? "0.5" : "60");
        run.ShouldBeRefused("/v1/chat/completions: ", line);
        using var json = JsonDocument.Parse(File.ReadAllBytes(result));
        json.RootElement.GetProperty("plimsoll").GetProperty("levels")[0].GetProperty("failures")
            .GetProperty(kind).GetProperty("count").GetInt32().ShouldBe(1);
    }

    /// <summary>What timeout(1) sends comes twice at once, to the process and to its group.</summary>
    [Theory]
    [InlineData("kill -INT $0")]
    [InlineData("kill -TERM $0; kill -INT $0")]
    public async Task A_signal_writes_the_report_of_what_ran(string signals)
    {
        await using var endpoint = await ScriptedEndpoint.Start();
        using var folder = new TemporaryFolder();
        var result = folder.File("r.json");
        using var process = PlimsollProcess.Start(
            "bench", "--base-url", $"{endpoint.BaseUrl}", "--random-output-len", "5", "--request-rate", "50",
            "--num-prompts", "1000000", "--result-filename", result);
        while (endpoint.Bodies.Count < 40)
            await Task.Delay(50, TestContext.Current.CancellationToken);
        using var kill = Process.Start("/bin/sh", ["-c", signals, $"{process.Id}"]);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        using var json = JsonDocument.Parse(File.ReadAllBytes(result));
        json.RootElement.GetProperty("plimsoll").GetProperty("interrupted").GetBoolean().ShouldBeTrue();
        json.RootElement.GetProperty("completed").GetInt32().ShouldBeInRange(20, 10_000);
        json.RootElement.GetProperty("failed").GetInt32().ShouldBe(0);
    }

    [Theory]
    [InlineData("--request-rate", "fast", "requests per second")]
    [InlineData("--stages", "5:ten", "no known unit")]
    [InlineData("--goodput", "speed:5", "ttft, tpot or e2el")]
    [InlineData("--dataset-path", "/nowhere.jsonl", "no such file")]
    [InlineData("--extra-body", "[1]", "JSON object")]
    [InlineData("--backend", "grpc", "openai-chat, openai or openai-responses")]
    [InlineData("--base-url", "localhost", "http://HOST:PORT")]
    [InlineData("--sweep", "1,-2", "rates above 0")]
    [InlineData("--image-size", "big", "WIDTHxHEIGHT")]
    [InlineData("--price", "2", "--gpu with it")]
    [InlineData("--against", "/nowhere.json", "plimsoll account --json")]
    [InlineData("--metric-percentiles", "100", "above 0 and below 100")]
    [InlineData("--levels", "/nowhere.json", "JSON list of levels")]
    public void Bad_input_is_one_line(string option, string value, string expected)
    {
        var run = PlimsollProcess.Run("bench", "--model", "m", option, value);
        run.ExitCode.ShouldBe(2, run.Story);
        run.Output.ShouldBeEmpty();
        var line = run.Story.Trim().Split('\n').ShouldHaveSingleItem();
        line.ShouldContain(option);
        line.ShouldContain(expected);
    }
}
