using System;
using System.Globalization;
using System.Linq;
using System.Text.Json;
using System.Threading.Tasks;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>The gateway with twins before simulated engines, over real sockets.</summary>
public sealed class TwinTests
{
    static readonly string _long = string.Concat(Enumerable.Repeat("the load line of a ship ", 400));

    [Fact]
    public async Task Answers_are_the_engines_whole_or_streamed_and_the_twin_says_how_far_it_is_off()
    {
        await using var engine = await RunningServer.StartAsync();
        await using var gateway = await GatewayAsync(null, engine);
        for (var i = 0; i < 24; i++)
        {
            var body = Chat($"question {i}", stream: false);
            var (status, through, _) = await gateway.PostAsync("/v1/chat/completions", body);
            status.ShouldBe(200, through.ToString());
            var (_, direct, _) = await engine.PostAsync("/v1/chat/completions", body.Replace("fleet", "sim"));
            Same(through, direct);
        }
        var metrics = await gateway.Client.GetStringAsync("/metrics");
        metrics.ShouldContain("plimsoll_twin_ttft_error_ratio{model_name=\"fleet\"");
        Gauge(metrics, "plimsoll_twin_predictions_total").ShouldBe(24);
        Gauge(metrics, "plimsoll_twin_requests_running").ShouldBe(0);
    }

    [Fact]
    public async Task Batch_lines_go_when_the_twin_lets_them_and_are_answered_once()
    {
        await using var first = await RunningServer.StartAsync();
        await using var second = await RunningServer.StartAsync();
        await using var gateway = await GatewayAsync(null, first, second);
        var lines = string.Join('\n', Enumerable.Range(0, 12).Select(i => RunningServer.Line(i, "fleet")
            .Replace($"number {i}", $"{i} {_long}")));
        var file = await gateway.UploadAsync(lines + "\n");
        var (_, created, _) = await gateway.PostAsync("/v1/batches",
            $$"""{"input_file_id":"{{file}}","endpoint":"/v1/chat/completions","completion_window":"24h"}""");
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(
            i => gateway.PostAsync("/v1/chat/completions", Chat($"meanwhile {i}", stream: false))));
        answers.ShouldAllBe(answer => answer.Status == 200);
        var done = await RunningServer.EventuallyAsync(
            async () => (await gateway.GetAsync($"/v1/batches/{created.GetProperty("id").GetString()}")).Body,
            batch => batch.GetProperty("status").GetString() == "completed", TimeSpan.FromSeconds(60));
        done.GetProperty("request_counts").GetProperty("completed").GetInt32().ShouldBe(12, done.ToString());
        var output = await gateway.Client.GetStringAsync(
            $"/v1/files/{done.GetProperty("output_file_id").GetString()}/content");
        output.TrimEnd().Split('\n').Select(line => JsonDocument.Parse(line).RootElement)
            .Select(line => line.GetProperty("response").GetProperty("body").GetProperty("choices")[0]
                .GetProperty("message").GetProperty("content").GetString())
            .ShouldAllBe(content => content!.Length > 0);
        var metrics = await gateway.Client.GetStringAsync("/metrics");
        Gauge(metrics, "plimsoll_twin_batch_lines").ShouldBe(0);
        Gauge(metrics, "plimsoll_twin_lines_waiting").ShouldBe(0);
    }

    [Fact]
    public async Task Responses_are_predicted_and_their_lines_ride_in_the_slack()
    {
        await using var engine = await RunningServer.StartAsync();
        await using var gateway = await GatewayAsync(null, engine);
        for (var i = 0; i < 3; i++)
        {
            var body = $$"""{"model":"fleet","max_output_tokens":6,"input":"question {{i}}"}""";
            var (status, through, _) = await gateway.PostAsync("/v1/responses", body);
            status.ShouldBe(200, through.ToString());
            through.GetProperty("object").GetString().ShouldBe("response");
            var promise = through.GetProperty("usage").GetProperty("promise");
            promise.GetProperty("kept").ValueKind.ShouldBeOneOf(
                [JsonValueKind.True, JsonValueKind.False], "its first token is seen");
        }
        Gauge(await gateway.Client.GetStringAsync("/metrics"), "plimsoll_twin_predictions_total").ShouldBe(3);
    }

    /// <summary>
    /// Where a whole prompt breaks the gap between tokens a line goes in pieces: more requests to the engine
    /// than lines. What cannot be cut goes once and whole.
    /// </summary>
    [Theory]
    [InlineData("/v1/chat/completions", """ "messages":[{"role":"user","content":"LONG"}] """, true)]
    [InlineData("/v1/responses", """ "input":"LONG" """, true)]
    [InlineData("/v1/chat/completions",
        """ "messages":[{"role":"user","content":[{"type":"text","text":"LONG"}]}] """, false)]
    public async Task A_line_that_can_be_cut_goes_in_pieces_and_one_that_cannot_goes_once(
        string endpoint, string prompt, bool isCut)
    {
        await using var engine = await RunningServer.StartAsync();
        await using var gateway = await GatewayAsync(config => config.Levels["interactive"] = new LevelConfig
        {
            Itl = "20ms",
            ServiceTiers = ["default"],
        }, engine);
        var lines = string.Concat(Enumerable.Range(0, 3).Select(i =>
            $$$"""{"custom_id":"{{{i}}}","method":"POST","url":"{{{endpoint}}}","body":{"model":"fleet",{{{prompt}}}}}"""
                .Replace("LONG", $"{i} {_long}") + "\n"));
        var done = await BatchAsync(gateway, endpoint, lines);
        done.GetProperty("request_counts").GetProperty("completed").GetInt32().ShouldBe(3, done.ToString());
        var asked = Gauge(await engine.Client.GetStringAsync("/metrics"), "vllm:request_success_total");
        if (isCut)
            asked.ShouldBeGreaterThan(3);
        else
            asked.ShouldBe(3);
    }

    static async Task<JsonElement> BatchAsync(RunningServer gateway, string endpoint, string lines)
    {
        var file = await gateway.UploadAsync(lines);
        var (_, created, _) = await gateway.PostAsync("/v1/batches",
            $$"""{"input_file_id":"{{file}}","endpoint":"{{endpoint}}","completion_window":"24h"}""");
        return await RunningServer.EventuallyAsync(
            async () => (await gateway.GetAsync($"/v1/batches/{created.GetProperty("id").GetString()}")).Body,
            batch => batch.GetProperty("status").GetString() == "completed", TimeSpan.FromSeconds(60));
    }

    /// <summary>A level that nobody uses, with a promise that cannot be kept, starves no batch.</summary>
    [Fact]
    public async Task An_impossible_promise_holds_up_no_batch()
    {
        await using var engine = await RunningServer.StartAsync();
        await using var gateway = await GatewayAsync(config => config.Levels["dream"] = new LevelConfig
        {
            Ttft = "10us",
            Itl = "1us",
        }, engine);
        var file = await gateway.UploadAsync(RunningServer.Lines(4).Replace("\"sim\"", "\"fleet\""));
        var (_, created, _) = await gateway.PostAsync("/v1/batches",
            $$"""{"input_file_id":"{{file}}","endpoint":"/v1/chat/completions","completion_window":"24h"}""");
        var done = await RunningServer.EventuallyAsync(
            async () => (await gateway.GetAsync($"/v1/batches/{created.GetProperty("id").GetString()}")).Body,
            batch => batch.GetProperty("status").GetString() == "completed", TimeSpan.FromSeconds(60));
        done.GetProperty("request_counts").GetProperty("completed").GetInt32().ShouldBe(4, done.ToString());
        gateway.Story.ShouldContain("level dream: ttft 0.01 ms: a request alone takes");
    }

    [Fact]
    public async Task A_promise_that_no_replica_would_keep_is_refused_with_the_time_to_come_again()
    {
        await using var engine = await RunningServer.StartAsync();
        await using var gateway = await GatewayAsync(config => config.Levels["interactive"] = new LevelConfig
        {
            Ttft = "10ms",
            WhenFull = "reject",
            ServiceTiers = ["default"],
        }, engine);
        var (status, body, response) = await gateway.PostAsync(
            "/v1/chat/completions", Chat(_long, stream: false));
        status.ShouldBe(429, body.ToString());
        response.Headers.Contains("retry-after-ms").ShouldBeTrue();
        body.GetProperty("error").GetProperty("message").GetString()!.ShouldContain("predicted");
    }

    [Fact]
    public async Task Embeddings_are_predicted_and_their_lines_are_answered()
    {
        await using var engine = await RunningServer.StartAsync();
        await using var gateway = await GatewayAsync(null, engine);
        for (var i = 0; i < 3; i++)
        {
            var (status, body, _) = await gateway.PostAsync(
                "/v1/embeddings", $$"""{"model":"fleet","input":["text {{i}}","another"]}""");
            status.ShouldBe(200, body.ToString());
            body.GetProperty("data").GetArrayLength().ShouldBe(2);
        }
        Gauge(await gateway.Client.GetStringAsync("/metrics"), "plimsoll_twin_predictions_total").ShouldBe(3);
        var done = await BatchAsync(gateway, "/v1/embeddings", EmbeddingLines(5));
        done.GetProperty("request_counts").GetProperty("completed").GetInt32().ShouldBe(5, done.ToString());
        (await RunningServer.EventuallyAsync(
            async () => Gauge(await gateway.Client.GetStringAsync("/metrics"), "plimsoll_twin_batch_lines"),
            lines => lines == 0)).ShouldBe(0);
    }

    /// <summary>As with chats, so many prompts are in prefill as the twin lets go, and no more.</summary>
    [Fact]
    public async Task Embeddings_of_a_batch_go_when_the_twin_lets_them()
    {
        using var engine = new SocketUpstream(line => Task.Delay(-1, line.Over));
        await using var gateway = await GatewayAsync(config => config.Models[0].Upstreams =
            [new UpstreamConfig { Url = engine.Url, HealthPath = "/" }]);
        var file = await gateway.UploadAsync(EmbeddingLines(12));
        await gateway.PostAsync("/v1/batches",
            $$"""{"input_file_id":"{{file}}","endpoint":"/v1/embeddings","completion_window":"24h"}""");
        (await RunningServer.EventuallyAsync(() => Task.FromResult(engine.Requests), asked => asked > 0))
            .ShouldBeGreaterThan(0);
        await Task.Delay(500);
        engine.Requests.ShouldBeLessThanOrEqualTo(2);
    }

    static string EmbeddingLines(int count) => string.Concat(Enumerable.Range(0, count).Select(i =>
        $$$"""{"custom_id":"{{{i}}}","method":"POST","url":"/v1/embeddings","body":{"model":"fleet","input":"{{{i}}} {{{_long}}}"}}"""
            + "\n"));

    static Task<RunningServer> GatewayAsync(
        Action<ServeConfig>? change, params RunningServer[] engines) => RunningServer.StartAsync(config =>
    {
        config.Models =
        [
            new ModelConfig
            {
                Name = "fleet",
                PriceUsdPerHour = 2,
                Twin = RunningServer.Simulated().Simulated,
                Upstreams = [.. engines.Select(
                    engine => new UpstreamConfig { Url = engine.Address.ToString(), Model = "sim" })],
            },
        ];
        change?.Invoke(config);
    });

    static string Chat(string content, bool stream) => JsonSerializer.Serialize(new
    {
        model = "fleet",
        max_tokens = 6,
        stream,
        messages = new[] { new { role = "user", content } },
    });

    static void Same(JsonElement through, JsonElement direct)
    {
        through.GetProperty("object").GetString().ShouldBe("chat.completion");
        var choice = through.GetProperty("choices")[0];
        var other = direct.GetProperty("choices")[0];
        choice.GetProperty("message").GetProperty("role").GetString().ShouldBe("assistant");
        choice.GetProperty("message").GetProperty("content").GetString()
            .ShouldBe(other.GetProperty("message").GetProperty("content").GetString());
        choice.GetProperty("finish_reason").GetString()
            .ShouldBe(other.GetProperty("finish_reason").GetString());
        through.GetProperty("usage").GetProperty("prompt_tokens").GetInt32()
            .ShouldBe(direct.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    static double Gauge(string metrics, string name) => metrics.Split('\n')
        .Where(line => line.StartsWith(name + "{", StringComparison.Ordinal))
        .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..],
            CultureInfo.InvariantCulture));
}
