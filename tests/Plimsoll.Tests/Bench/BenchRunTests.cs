using System;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Verdicts;
using Plimsoll.Bench.Wire;
using Plimsoll.Core.Measures;
using Plimsoll.Inputs.Workloads;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Bench;

public sealed class BenchRunTests
{
    static BenchOptions Options(ScriptedEndpoint endpoint, LevelOptions? level = null) => new()
    {
        Endpoint = new EndpointOptions { BaseUrl = endpoint.BaseUrl, Model = "scripted" },
        Levels = [level ?? new LevelOptions
        {
            Lengths = new LengthOptions(40, 5), RequestsPerSecond = 400, Requests = 200,
                Burstiness = double.PositiveInfinity,
        }],
        Load = "test",
    };

    static BenchResult Run(BenchOptions options)
    {
        using var run = new BenchRun(options);
        return run.Run(CancellationToken.None);
    }

    [Fact]
    public async Task Requests_have_exactly_the_lengths_that_were_asked_for()
    {
        await using var endpoint = await ScriptedEndpoint.Start();
        var level = Run(Options(endpoint)).Levels.Single();
        level.Completed.ShouldBe(200);
        level.Failed.ShouldBe(0);
        level.PromptTokens.ShouldBe(200 * 40);
        level.OutputTokens.ShouldBe(200 * 5);
        level.Latencies[Metric.Ttft].Samples.ShouldBe(200);
        level.Latencies[Metric.Itl].Samples.ShouldBe(200 * 4);
    }

    /// <summary>The warm-up is in no figure: no more are in flight on average than at most.</summary>
    [Fact]
    public async Task A_warm_up_is_not_measured()
    {
        await using var endpoint = await ScriptedEndpoint.Start((context, body) =>
            ScriptedEndpoint.Stream(context, body, ScriptedEndpoint.Asked(body), _ => 5, 1));
        var result = Run(Options(endpoint, new LevelOptions
        {
            Lengths = new LengthOptions(20, 4), Clients = 4, Requests = 100_000,
        }) with { WarmupNs = 600_000_000, DurationNs = 1_000_000_000 });
        result.DurationS.ShouldBeGreaterThan(0);
        result.MeanInFlight.ShouldBeLessThanOrEqualTo(result.MostInFlight);
        result.MostInFlight.ShouldBeLessThanOrEqualTo(4);
        result.BusyS.ShouldBeLessThanOrEqualTo(result.DurationS + 0.2);
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Http_2_and_tls_are_spoken(bool http2, bool tls)
    {
        await using var endpoint = await ScriptedEndpoint.Start(http2: http2, tls: tls);
        var options = Options(endpoint);
        options = options with { Endpoint =
            options.Endpoint with { Http2 = http2, TrustAnyCertificate = true } };
        Run(options).Completed.ShouldBe(200);
    }

    [Theory]
    [InlineData(ApiKind.Completions)]
    [InlineData(ApiKind.Responses)]
    public async Task Other_interfaces_are_spoken(ApiKind api)
    {
        await using var endpoint = await ScriptedEndpoint.Start(async (context, body) =>
        {
            context.Response.ContentType = "text/event-stream";
            var tokens = ScriptedEndpoint.Asked(body);
            for (var i = 0; i < tokens; i++)
            {
                await ScriptedEndpoint.Event(context, api == ApiKind.Responses
                    ? """{"type":"response.output_text.delta","delta":" tok"}"""
                    : """{"choices":[{"index":0,"text":" tok"}]}""");
            }
            var usage = ScriptedEndpoint.Usage(body, tokens);
            await ScriptedEndpoint.Event(context, api == ApiKind.Responses
                ? "{\"type\":\"response.completed\",\"response\":{\"status\":\"completed\","
                    + "\"output\":[{\"a\":1}],\"usage\":"
                    + usage.Replace("prompt_tokens\"", "input_tokens\"").Replace("completion", "output")
                        + "}}"
                : "{\"choices\":[],\"usage\":" + usage + "}");
            if (api == ApiKind.Completions)
                await ScriptedEndpoint.Event(context, "[DONE]");
        });
        var options = Options(endpoint);
        var level = Run(options with { Endpoint = options.Endpoint with { Api = api } }).Levels.Single();
        (level.Completed, level.PromptTokens, level.OutputTokens,
            level.Chunks).ShouldBe((200, 8000, 1000, 1000));
    }

    [Fact]
    public async Task Whole_answers_are_one_token_in_time()
    {
        await using var endpoint =
            await ScriptedEndpoint.Start((context, body) => context.Response.WriteAsJsonAsync(
            System.Text.Json.Nodes.JsonNode.Parse(
                "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\" "
                    + "tok\"},\"finish_reason\":\"length\"}],"
                + $"\"usage\":{ScriptedEndpoint.Usage(body, ScriptedEndpoint.Asked(body))}}}")));
        var options = Options(endpoint);
        var result = Run(options with { Endpoint = options.Endpoint with { Stream = false } });
        var level = result.Levels.Single();
        (level.Completed, level.OutputTokens, level.Chunks).ShouldBe((200, 1000, 200));
        level.Latencies[Metric.Tpot].Samples.ShouldBe(0, "no time passes between tokens of one piece");
        level.Latencies[Metric.Itl].Samples.ShouldBe(0);
        result.TokenCounting.ShouldBe("by the endpoint, each answer at once");
        endpoint.Bodies.ShouldAllBe(body => body["stream"] == null);
    }

    [Theory]
    [InlineData("continuous_usage_stats", "at the end of each answer")]
    [InlineData("include_usage", "the endpoint counts none")]
    public async Task An_endpoint_that_refuses_a_way_of_counting_is_asked_less(string refused,
        string counting)
    {
        await using var endpoint = await ScriptedEndpoint.Start(async (context, body) =>
        {
            if (body["stream_options"]?[refused] is not null)
            {
                context.Response.StatusCode = 400;
                await context.Response.WriteAsJsonAsync(new { error =
                    new { message = $"unknown field {refused}" } });
                return;
            }
            await ScriptedEndpoint.Stream(context, body);
        });
        var result = Run(Options(endpoint));
        result.TokenCounting.ShouldContain(counting);
        result.Completed.ShouldBe(200);
        result.OutputTokens.ShouldBe(1000);
    }

    [Fact]
    public async Task An_endpoint_that_counts_at_the_end_whatever_it_is_asked_is_not_said_to_count_chunks()
    {
        await using var endpoint = await ScriptedEndpoint.Start(async (context, body) =>
        {
            (body["stream_options"] as System.Text.Json.Nodes.JsonObject)?.Remove("continuous_usage_stats");
            await ScriptedEndpoint.Stream(context, body);
        });
        Run(Options(endpoint)).TokenCounting.ShouldStartWith("by the endpoint, at the end of each answer");
    }

    [Fact]
    public async Task Levels_have_keys_priorities_and_promises_of_their_own()
    {
        await using var endpoint = await ScriptedEndpoint.Start();
        LevelOptions Level(string name, int priority) => new()
        {
            Name = name, Lengths = new LengthOptions(40, 5), RequestsPerSecond = 200, Requests = 150,
                Priority = priority,
            ApiKey = $"key-{name}", ServiceTier = name,
            Promise = [new Limit(Metric.Ttft, 95, name == "strict" ? 1 : 20_000_000_000)],
        };
        var result = Run(Options(endpoint) with { Levels = [Level("strict", 0), Level("flex", 9)] });
        result.Levels.Select(level => level.Verdict).ShouldBe([PromiseVerdict.Broken, PromiseVerdict.Kept]);
        result.Holds.ShouldBe(false);
        endpoint.Keys.Count(key => key == "Bearer key-strict").ShouldBeGreaterThanOrEqualTo(150);
        endpoint.Bodies.Count(body =>
            body["priority"]!.GetValue<int>() == 9 && body["service_tier"]!.GetValue<string>() == "flex")
            .ShouldBe(150);
    }

    [Fact]
    public async Task Sessions_wait_for_their_answers_and_send_the_same_beginning_again()
    {
        await using var endpoint = await ScriptedEndpoint.Start();
        var trace = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.jsonl");
        try
        {
            File.WriteAllText(trace, """
                {"session_id":"a","timestamp":0,"input_length":1100,"output_length":5,"hash_ids":[1,2,3]}
                {"session_id":"b","timestamp":10,"input_length":1100,"output_length":5,"hash_ids":[7,8,9]}
                {"session_id":"a","delay":150,"input_length":1300,"output_length":5,"hash_ids":[1,2,3]}
                """);
            var workload = WorkloadChoice.Open(trace);
            using var run = new BenchRun(Options(endpoint, new LevelOptions
            {
                Workload = workload, RequestsPerSecond = workload.RequestsPerSecond, Requests = 3,
            }) with { Detail = true });
            run.Run(CancellationToken.None).Completed.ShouldBe(3);
            var sent = run.Detail!.Read().Select(r =>
                (r.Index, r.Session, r.ScheduledNs, r.LastTokenNs)).OrderBy(r => r.Index).ToList();
            var (first, last) = (sent.First(r => r.Session == sent[2].Session), sent[2]);
            (last.ScheduledNs - first.LastTokenNs).ShouldBeGreaterThanOrEqualTo(150_000_000);
            var prompts = endpoint.Bodies.Select(body => body["messages"]![0]!["content"]!.ToString())
                .Where(text => ScriptedEndpoint.Words(text) > 1000).ToList();
            // The first turns are 10 ms apart and may reach the endpoint in either order.
            var shared = new[] { Same(prompts[0], prompts[2]), Same(prompts[1], prompts[2]) };
            shared.Max().ShouldBe(1024, "two whole blocks, and a text of its own after them");
            shared.Min().ShouldBeLessThan(8);
            Same(prompts[0], prompts[1]).ShouldBeLessThan(8);
        }
        finally
        {
            File.Delete(trace);
        }
    }

    /// <summary>Words that two texts open with alike.</summary>
    static int Same(string one, string two) =>
        one.Split(' ').Zip(two.Split(' ')).Skip(1).TakeWhile(pair => pair.First == pair.Second).Count();

    [Fact]
    public async Task The_official_client_sees_the_same_stream()
    {
        await using var endpoint = await ScriptedEndpoint.Start((context, body) => ScriptedEndpoint.Stream(
            context, body, ScriptedEndpoint.Asked(body), chunk => chunk == 0 ? 120 : 20, perChunk: 1));
        var options = Options(endpoint, new LevelOptions
        {
            Lengths = new LengthOptions(10, 8), RequestsPerSecond = 100, Requests = 20,
        });
        var ours = Run(options).Levels.Single();
        var client = new OpenAI.Chat.ChatClient(
            "scripted", new System.ClientModel.ApiKeyCredential("k"),
            new OpenAI.OpenAIClientOptions { Endpoint = new System.Uri(endpoint.BaseUrl, "/v1") });
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        double first = 0;
        var chunks = 0;
        await foreach (var update in client.CompleteChatStreamingAsync(
            [new OpenAI.Chat.UserChatMessage("a b c")],
            new OpenAI.Chat.ChatCompletionOptions { MaxOutputTokenCount = 8 },
                TestContext.Current.CancellationToken))
        {
            if (update.ContentUpdate.Count == 0 || update.ContentUpdate[0].Text.Length == 0)
                continue;
            first = first == 0 ? System.Diagnostics.Stopwatch.GetElapsedTime(started).TotalMilliseconds
                : first;
            chunks++;
        }
        ours.Chunks.ShouldBe(20 * chunks);
        ours.Latencies[Metric.Ttft].MeanMs!.Value.ShouldBeInRange(118, System.Math.Max(400, 3 * first));
        first.ShouldBeGreaterThan(118);
    }
}
