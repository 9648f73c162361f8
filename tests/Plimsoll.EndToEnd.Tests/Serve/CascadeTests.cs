using System.Net.Http;
using System.Text.Json;
using System.Threading.Tasks;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>A small model first and a large one where its answer will not do, over real engines.</summary>
public sealed class CascadeTests
{
    const string Hello = """{"model":"both","max_tokens":6,"messages":[{"role":"user","content":"hi"}]}""";

    [Theory]
    [InlineData("", null, "small", "first")]
    [InlineData("\\w", null, "large", "then; refused")]
    [InlineData("", -0.001, "large", "then; unsure")]
    [InlineData("", -50.0, "small", "first")]
    public async Task The_rule_says_who_answers(string refusal, double? logprob, string model, string header)
    {
        await using var server = await StartAsync(new() { Refusal = refusal, MeanLogprobBelow = logprob });
        var (status, body, response) = await server.PostAsync("/v1/chat/completions", Hello);
        status.ShouldBe(200, body.ToString());
        body.GetProperty("model").GetString().ShouldBe(model);
        body.GetProperty("choices")[0].GetProperty("logprobs").ValueKind.ShouldBe(JsonValueKind.Null);
        string.Join("", response.Headers.GetValues("x-plimsoll-cascade")).ShouldBe(header);
        var metrics = await server.Client.GetStringAsync("/metrics");
        metrics.ShouldContain("plimsoll_cascade_requests_total{model_name=\"both\"");
    }

    [Theory]
    [InlineData("")]
    [InlineData("\\w")]
    public async Task A_stream_is_a_stream_whoever_answers(string refusal)
    {
        await using var server = await StartAsync(new() { Refusal = refusal });
        var body = Hello.Replace("{\"model\"",
            "{\"stream\":true,\"stream_options\":{\"include_usage\":true},\"model\"");
        var response = await server.Client.PostAsync("/v1/chat/completions", new StringContent(body));
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        var events = await response.Content.ReadAsStringAsync();
        events.TrimEnd().ShouldEndWith("data: [DONE]");
        events.ShouldContain("chat.completion.chunk");
        events.ShouldContain("\"finish_reason\":\"length\"");
        events.ShouldContain("\"completion_tokens\":6");
    }

    [Fact]
    public async Task A_small_model_that_is_away_is_passed_over_and_lines_of_a_batch_cascade_too()
    {
        await using var server = await RunningServer.StartAsync(config =>
        {
            config.Models =
            [
                new ModelConfig { Name = "small", Upstreams = [new() { Url = "http://127.0.0.1:1" }] },
                RunningServer.Simulated("large"),
                new ModelConfig { Name = "both", Cascade = new() { First = "small", Then = "large" } },
            ];
        });
        var (status, body, _) = await server.PostAsync("/v1/completions",
            """{"model":"both","max_tokens":4,"prompt":"hi"}""");
        status.ShouldBe(200, body.ToString());
        body.GetProperty("model").GetString().ShouldBe("large");
        (await server.GetAsync("/v1/models/both")).Status.ShouldBe(200);
        var file = await server.UploadAsync(RunningServer.Line(0, "both"));
        var (_, created, _) = await server.PostAsync("/v1/batches",
            $$"""{"input_file_id":"{{file}}","endpoint":"/v1/chat/completions","completion_window":"24h"}""");
        var done = await RunningServer.EventuallyAsync(
            async () => (await server.GetAsync($"/v1/batches/{created.GetProperty("id").GetString()}")).Body,
            batch => batch.GetProperty("status").GetString() == "completed");
        done.GetProperty("request_counts").GetProperty("completed").GetInt32().ShouldBe(1, done.ToString());
    }

    [Fact]
    public async Task Where_it_does_not_answer_it_says_where_it_does()
    {
        await using var server = await StartAsync(new());
        var (status, body, _) = await server.PostAsync("/v1/responses", """{"model":"both","input":"hi"}""");
        status.ShouldBe(400, body.ToString());
        body.ToString().ShouldContain("answers /v1/chat/completions");
        var file = await server.UploadAsync(
            """{"custom_id":"a","method":"POST","url":"/v1/responses","body":{"model":"both","input":"hi"}}""");
        var (_, created, _) = await server.PostAsync("/v1/batches",
            $$"""{"input_file_id":"{{file}}","endpoint":"/v1/responses","completion_window":"24h"}""");
        var done = await RunningServer.EventuallyAsync(
            async () => (await server.GetAsync($"/v1/batches/{created.GetProperty("id").GetString()}")).Body,
            batch => batch.GetProperty("status").GetString() == "completed");
        var errors = await server.Client.GetStringAsync(
            $"/v1/files/{done.GetProperty("error_file_id").GetString()}/content");
        errors.ShouldContain("answers /v1/chat/completions");
    }

    [Fact]
    public async Task What_was_computed_twice_is_metered_twice()
    {
        await using (var server = await StartAsync(new() { Refusal = "\\w" }))
        {
            await server.PostAsync("/v1/chat/completions", Hello);
            await Task.Delay(1200);
            var ledger = System.IO.Path.Combine(server.State, "plimsoll.db");
            var rows = PlimsollProcess.Run("ledger", "--ledger", ledger, "--by", "model").Output;
            rows.ShouldContain("small");
            rows.ShouldContain("large");
        }
    }

    /// <summary>1,024 tokens are reserved for an answer of unknown length, and given back.</summary>
    [Fact]
    public async Task What_was_reserved_and_not_used_is_there_for_the_next()
    {
        var (key, config) = RunningServer.NewKey("acme", key => key.TokensPerMinute = 1200);
        await using var server = await StartAsync(new EscalationConfig(), config);
        for (var i = 0; i < 3; i++)
            (await server.PostAsync("/v1/chat/completions", Hello, key)).Status.ShouldBe(200);
    }

    static Task<RunningServer> StartAsync(
        EscalationConfig rule, params KeyConfig[] keys) => RunningServer.StartAsync(config =>
    {
        config.Keys = [.. keys];
        config.Models =
        [
            RunningServer.Simulated("small"), RunningServer.Simulated("large"),
            new ModelConfig
            {
                Name = "both",
                Cascade = new() { First = "small", Then = "large", EscalateWhen = rule },
            },
        ];
    });
}
