using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Text;
using System.Text.Json;
using System.Threading.Tasks;
using Plimsoll.Engine;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>
/// A model that is really computed, behind the real server: the placeholder that it makes itself.
/// </summary>
public sealed class LlamaServeTests
{
    [Fact]
    public async Task A_chat_is_answered_held_to_its_schema_metered_and_logged()
    {
        using var folder = new TemporaryFolder();
        var log = Path.Combine(folder.Path, "decisions.ndjson");
        await using (var server = await StartAsync(log))
            await ChatAsync(server);
        var replayed = DecisionReplay.Run(log);
        replayed.Plans.ShouldBeGreaterThan(2);
        replayed.Differences.ShouldBe(0);
    }

    static async Task ChatAsync(RunningServer server)
    {
        var (status, body, _) = await server.PostAsync("/v1/chat/completions", """
            {"model": "tiny", "messages": [{"role": "user", "content": "What is the load line?"}], "max_tokens": 120,
            "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object",
            "properties": {"n": {"type": "integer", "minimum": 1, "maximum": 9}}, "required": ["n"]}}}}
            """);
        status.ShouldBe(200);
        var choice = body.GetProperty("choices")[0];
        choice.GetProperty("finish_reason").GetString().ShouldBe("stop");
        using (var answer =
            JsonDocument.Parse(choice.GetProperty("message").GetProperty("content").GetString()!))
        {
            answer.RootElement.GetProperty("n").GetInt32().ShouldBeInRange(1, 9);
        }
        body.GetProperty("usage").GetProperty("prompt_tokens").GetInt32().ShouldBeGreaterThan(5);
        body.GetProperty("usage").GetProperty("cost").GetDouble().ShouldBeGreaterThan(0);

        var (_, again, _) = await server.PostAsync("/v1/completions", """
            {"model": "tiny", "prompt": "The load line is the mark on a ship's hull that shows how heavily it may be loaded", "max_tokens": 4}
            """);
        (_, again, _) = await server.PostAsync("/v1/completions", """
            {"model": "tiny", "prompt": "The load line is the mark on a ship's hull that shows how heavily it may be loaded", "max_tokens": 4}
            """);
        again.GetProperty("usage").GetProperty("prompt_tokens_details").GetProperty("cached_tokens")
            .GetInt32()
            .ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task What_cannot_be_served_is_refused_in_OpenAIs_shape_and_the_server_lives()
    {
        await using var server = await StartAsync();
        await Refused("""{"model": "tiny", "prompt": "x", "max_tokens": 100000}""", 400, "maximum context length");
        await Refused("""{"model": "tiny", "prompt": "x", "max_tokens": 0}""", 400, "max_tokens");
        await Refused("""{"model": "none", "prompt": "x"}""", 404, "does not exist");
        var (status, body, _) = await server.PostAsync("/v1/chat/completions", """
            {"model": "tiny", "messages": [{"role": "user", "content": "x"}], "response_format": {"type": "json_schema",
            "json_schema": {"name": "x", "schema": {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}}}}
            """);
        status.ShouldBe(400);
        body.GetProperty("error").GetProperty("message").GetString()!.ShouldContain("can never be finished");
        (status, body, _) = await server.PostAsync(
            "/v1/load_lora_adapter", """{"lora_name": "a", "lora_path": "/absent.gguf"}""");
        status.ShouldBeInRange(400, 404);
        (await server.PostAsync("/v1/completions", """{"model": "tiny", "prompt": "x", "max_tokens": 2}""")).Status
            .ShouldBe(200);
        (await server.PostAsync("/v1/embeddings", """{"model": "tiny", "input": ["a", "b"]}""")).Body
            .GetProperty("data").GetArrayLength().ShouldBe(2);

        await Refused("""{"model": "tiny", "prompt": "x", "typical_p": "x"}""", 400, "typical_p");
        await Refused("""{"model": "tiny", "prompt": "x", "dry_multiplier": -1}""", 400, "dry_multiplier");
        await Refused("""{"model": "tiny", "prompt": "x", "logit_bias": {"5": 101}}""", 400, "logit_bias");
        (await server.PostAsync("/v1/embeddings", """{"model": "tiny", "input": [[99999999]]}""")).Status
            .ShouldBe(400);
        (await server.PostAsync("/v1/chat/completions", """
            {"model": "tiny", "messages": [{"role": "assistant", "content": "", "tool_calls": [5]}]}
            """)).Status.ShouldBe(400);

        await Refused("{\"model\": \"tiny\", \"prompt\": \"x\", \"logit_bias\": {\"99999999\": 1}}", 400,
            "99999999 is not in the vocabulary");
        await Refused("{\"model\": \"tiny\", \"prompt\": \"x\", \"n_predict\": 0}", 400,
            "asks for nothing");
        await Refused("{\"model\": \"tiny\", \"prompt\": \"x\", \"seed\": 9223372036854775808}", 400,
            "expected -9223372036854775808 to 9223372036854775807");
        (status, body, _) = await server.PostAsync(
            "/v1/completions", "{\"model\": \"tiny\", \"prompt\": [99999999]}");
        status.ShouldBe(400);
        body.GetProperty("error").GetProperty("param").GetString().ShouldBe("prompt");
        (status, body, _) = await server.PostAsync(
            "/v1/completions", "{\"model\": \"tiny\", \"prompt\": \"x\", \"grammar\": \"root\"}");
        status.ShouldBe(400);
        body.GetProperty("error").GetProperty("param").GetString().ShouldBe("grammar");

        async Task Refused(string request, int expected, string problem)
        {
            var (code, error, _) = await server.PostAsync("/v1/completions", request);
            code.ShouldBe(expected);
            error.GetProperty("error").GetProperty("message").GetString()!.ShouldContain(problem);
        }
    }

    /// <summary>Which of two tools must be called is the model's choice: it takes either in time.</summary>
    [Fact]
    public async Task A_call_that_is_required_is_of_any_tool()
    {
        await using var server = await StartAsync();
        var called = new HashSet<string>();
        for (var seed = 0; seed < 40 && called.Count < 2; seed++)
        {
            var (status, body, _) = await server.PostAsync("/v1/chat/completions", Ask(seed, "required"));
            status.ShouldBe(200);
            var choice = body.GetProperty("choices")[0];
            choice.GetProperty("finish_reason").GetString().ShouldBe("tool_calls");
            var call = choice.GetProperty("message").GetProperty("tool_calls")[0].GetProperty("function");
            called.Add(call.GetProperty("name").GetString()!);
            using var arguments = JsonDocument.Parse(call.GetProperty("arguments").GetString()!);
            arguments.RootElement.GetProperty("n").GetInt32().ShouldBeInRange(1, 9);
        }
        called.Count.ShouldBe(2);
        (await server.PostAsync("/v1/chat/completions", Ask(1, "none"))).Body.GetProperty("choices")[0]
            .GetProperty("finish_reason").GetString().ShouldNotBe("tool_calls");
        (await server.PostAsync("/v1/chat/completions", """
            {"model": "tiny", "messages": [{"role": "user", "content": "x"}], "tool_choice": "required"}
            """)).Status.ShouldBe(400);

        static string Ask(int seed, string choice) => $$"""
            {"model": "tiny", "messages": [{"role": "user", "content": "x"}], "max_tokens": 200, "temperature": 2,
            "seed": {{seed}}, "tool_choice": "{{choice}}", "tools": [{{Tool("zebra")}}, {{Tool("apple")}}]}
            """;

        static string Tool(string name) =>
            "{\"type\": \"function\", \"function\": {\"name\": \"" + name + "\", \"parameters\": {\"type\": "
                + "\"object\", \"properties\": {\"n\": {\"$ref\": \"#/$defs/n\"}}, \"required\": [\"n\"], "
                + "\"$defs\": {\"n\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 9}}}}}";
    }

    /// <summary>
    /// Greedy text of random weights soon repeats itself: guesses from it are in the metrics and the ledger.
    /// </summary>
    [Fact]
    public async Task How_often_guesses_were_right_is_metered()
    {
        await using var server = await RunningServer.StartAsync(config =>
        {
            var engine = Slack(config.State);
            engine.Speculate = true;
            config.Models = [new ModelConfig { Name = "tiny", PriceUsdPerHour = 1, Llama = engine }];
        });
        // How much is guessed depends on what steps cost on this machine now: ask until a guess came true.
        var (drafted, accepted, metrics) = (0.0, 0.0, "");
        for (var request = 0; request < 20 && accepted == 0; request++)
        {
            await server.PostAsync("/v1/completions",
                """
                {"model": "tiny", "prompt": "a b c a b c a b c a b c a b c", "max_tokens": 200, "ignore_eos": true,
                "temperature": 0}
                """);
            metrics = await server.Client.GetStringAsync("/metrics");
            drafted = Value("vllm:spec_decode_num_draft_tokens_total");
            accepted = Value("vllm:spec_decode_num_accepted_tokens_total");
        }
        accepted.ShouldBeInRange(1, drafted);
        await Task.Delay(1200);
        var ledger = Path.Combine(server.State, "plimsoll.db");
        var result = PlimsollProcess.Run("ledger", "--ledger", ledger, "--by", "model", "--json");
        var row = JsonDocument.Parse(result.Output).RootElement.GetProperty("rows").EnumerateArray()
            .Single(r => r.GetProperty("name").GetString() == "tiny");
        row.GetProperty("draft_tokens").GetDouble().ShouldBe(drafted);
        row.GetProperty("accepted_tokens").GetDouble().ShouldBe(accepted);
        PlimsollProcess.Run("ledger", "--ledger", ledger, "--by", "model").Output
            .ShouldContain("drafts right");

        double Value(string name) => double.Parse(
            metrics.Split('\n').Single(line => line.StartsWith(name + "{", System.StringComparison.Ordinal))
                .Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// Choices without a seed differ from request to request; a token that would go on with a repetition
    /// loses to others.
    /// </summary>
    [Fact]
    public async Task Sampling_parameters_reach_the_sampler()
    {
        await using var server = await StartAsync();
        (await TextsAsync("\"n\": 3")).ShouldNotBe(await TextsAsync("\"n\": 3"));
        var greedy = await TextsAsync("\"temperature\": 0");
        (await TextsAsync("\"temperature\": 0, \"dry_multiplier\": 50")).ShouldNotBe(greedy);

        async Task<string[]> TextsAsync(string parameters)
        {
            var (status, body, _) = await server.PostAsync("/v1/completions",
                "{\"model\": \"tiny\", \"prompt\": \"a b c a b c a b c\", \"max_tokens\": 60, "
                    + "\"ignore_eos\": true, " + parameters + "}");
            status.ShouldBe(200);
            return [.. body.GetProperty("choices").EnumerateArray()
                .Select(choice => choice.GetProperty("text").GetString()!)];
        }
    }

    /// <summary>A call in the answer's text is an item of its own, whole and in a stream.</summary>
    [Fact]
    public async Task A_response_tells_its_calls()
    {
        await using var server = await StartAsync();
        var (status, body, _) = await server.PostAsync("/v1/responses", Ask(stream: false));
        status.ShouldBe(200, body.ToString());
        var call = body.GetProperty("output").EnumerateArray().ToList().ShouldHaveSingleItem();
        ShouldBeCall(call);
        var response = await server.Client.PostAsync("/v1/responses", new StringContent(
            Ask(stream: true), Encoding.UTF8, "application/json"));
        var events = (await response.Content.ReadAsStringAsync()).Split('\n')
            .Where(line => line.StartsWith("data: {"))
            .Select(line => JsonSerializer.Deserialize<JsonElement>(line[6..])).ToList();
        events.Select(one => one.GetProperty("type").GetString()).ShouldBe([
            "response.created", "response.in_progress", "response.output_item.added",
            "response.function_call_arguments.delta", "response.function_call_arguments.done",
            "response.output_item.done", "response.completed"]);
        ShouldBeCall(events[5].GetProperty("item"));
        var last = events[6].GetProperty("response").GetProperty("output");
        last.EnumerateArray().ToList().ShouldHaveSingleItem().ToString()
            .ShouldBe(events[5].GetProperty("item").ToString());
        events[4].GetProperty("arguments").GetString()
            .ShouldBe(last[0].GetProperty("arguments").GetString());

        static void ShouldBeCall(JsonElement item)
        {
            item.GetProperty("type").GetString().ShouldBe("function_call");
            item.GetProperty("name").GetString().ShouldBeOneOf("zebra", "apple");
            using var arguments = JsonDocument.Parse(item.GetProperty("arguments").GetString()!);
            arguments.RootElement.GetProperty("n").GetInt32().ShouldBeInRange(1, 9);
        }

        static string Ask(bool stream) => $$"""
            {"model": "tiny", "input": "x", "max_output_tokens": 200, "seed": 3, "tool_choice": "required",
            "stream": {{(stream ? "true" : "false")}}, "tools": [{{Tool("zebra")}}, {{Tool("apple")}}]}
            """;

        static string Tool(string name) => $$$"""
            {"type": "function", "name": "{{{name}}}", "parameters": {"type": "object",
            "properties": {"n": {"type": "integer", "minimum": 1, "maximum": 9}}, "required": ["n"]}}
            """;
    }

    [Fact]
    public async Task Streams_and_batches_run_side_by_side()
    {
        await using var server = await StartAsync();
        var streams = Enumerable.Range(0, 12).Select(async i =>
        {
            var response = await server.Client.PostAsync("/v1/completions", new StringContent(
                $$"""{"model": "tiny", "prompt": "load {{i}}", "max_tokens": 12, "stream": true, "ignore_eos": true}""",
                Encoding.UTF8, "application/json"));
            return (await response.Content.ReadAsStringAsync()).TrimEnd();
        });
        foreach (var text in await Task.WhenAll(streams))
            text.ShouldEndWith("data: [DONE]");
    }

    static Task<RunningServer> StartAsync(string? log = null) => RunningServer.StartAsync(config =>
    {
        config.DecisionLog = log;
        config.Models =
        [
            new ModelConfig
            {
                Name = "tiny",
                PriceUsdPerHour = 1,
                Llama = Slack(config.State),
            },
        ];
    });

    static LlamaConfig Slack(string state) => new()
    {
        Policy = "slack",
        KvTokens = 8192,
        Cache = Path.Combine(state, "cache"),
    };
}
