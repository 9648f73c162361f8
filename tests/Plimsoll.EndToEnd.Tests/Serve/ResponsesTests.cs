using System;
using System.ClientModel;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Threading.Tasks;
using OpenAI;
using OpenAI.Responses;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary><c>/v1/responses</c> by the official SDK, by hand, and through the gateway.</summary>
public sealed class ResponsesTests
{
    const string Hello = """{"model":"sim","max_output_tokens":6,"input":"hi","instructions":"be brief"}""";

    [Fact]
    public async Task The_sdk_gets_the_same_answer_whole_and_in_a_stream()
    {
        await using var server = await RunningServer.StartAsync();
        var client = new OpenAIClient(
            new ApiKeyCredential("none"),
            new OpenAIClientOptions { Endpoint = new Uri(server.Address, "/v1") })
            .GetResponsesClient();
        ResponseResult whole = await client.CreateResponseAsync("sim", "what is a load line?");
        whole.GetOutputText().Length.ShouldBeGreaterThan(0);
        whole.Usage.InputTokenCount.ShouldBeGreaterThan(3);
        var text = new StringBuilder();
        ResponseResult? last = null;
        await foreach (var update in await client.CreateResponseStreamingAsync("sim", "what is a load line?"))
        {
            if (update is StreamingResponseOutputTextDeltaUpdate delta)
                text.Append(delta.Delta);
            if (update is StreamingResponseCompletedUpdate completed)
                last = completed.Response;
        }
        text.ToString().ShouldBe(whole.GetOutputText());
        last!.GetOutputText().ShouldBe(whole.GetOutputText());
        last.Usage.OutputTokenCount.ShouldBe(whole.Usage.OutputTokenCount);
    }

    [Fact]
    public async Task Events_are_numbered_and_build_the_response_up()
    {
        await using var server = await RunningServer.StartAsync();
        var (status, whole, _) = await server.PostAsync("/v1/responses", Hello);
        status.ShouldBe(200, whole.ToString());
        whole.GetProperty("object").GetString().ShouldBe("response");
        whole.GetProperty("instructions").GetString().ShouldBe("be brief");
        whole.GetProperty("usage").GetProperty("cost").GetDecimal().ShouldBeGreaterThan(0);
        var events = Events(await StreamAsync(server, Hello));
        events.Select(e => e.GetProperty("sequence_number").GetInt32())
            .ShouldBe(Enumerable.Range(0, events.Count));
        var kinds = events.Select(e => e.GetProperty("type").GetString()).Distinct().ToList();
        var end = whole.GetProperty("status").GetString();
        kinds.ShouldBe(["response.created", "response.in_progress", "response.output_item.added",
            "response.content_part.added", "response.output_text.delta", "response.output_text.done",
            "response.content_part.done", "response.output_item.done", $"response.{end}"]);
        Text(events[^1].GetProperty("response")).ShouldBe(Text(whole));
    }

    [Fact]
    public async Task Tools_schemas_and_earlier_calls_are_understood()
    {
        await using var server = await RunningServer.StartAsync();
        var (_, call, _) = await server.PostAsync("/v1/responses",
            """{"model":"sim","input":[{"role":"user","content":[{"type":"input_text","text":"weather?"}]},{"type":"function_call","call_id":"c1","name":"weather","arguments":"{}"},{"type":"function_call_output","call_id":"c1","output":"rain"}],"tools":[{"type":"function","name":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}],"tool_choice":"required"}""");
        var item = call.GetProperty("output")[0];
        item.GetProperty("type").GetString().ShouldBe("function_call");
        JsonDocument.Parse(item.GetProperty("arguments").GetString()!).RootElement
            .GetProperty("city").ValueKind.ShouldBe(JsonValueKind.String);
        var (_, shaped, _) = await server.PostAsync("/v1/responses",
            """{"model":"sim","input":"x","text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}}}}""");
        JsonDocument.Parse(Text(shaped)).RootElement
            .GetProperty("n").ValueKind.ShouldBe(JsonValueKind.Number);
        foreach (var (body, named) in new[]
        {
            ("""{"model":"sim"}""", "input"), ("""{"model":"sim","input":5}""", "input"),
            ("""{"model":"sim","input":"x","previous_response_id":"r"}""", "previous_response_id"),
            ("""{"model":"sim","input":[{"type":"computer_call"}]}""", "input"),
        })
        {
            var (status, error, _) = await server.PostAsync("/v1/responses", body);
            status.ShouldBe(400, body);
            error.GetProperty("error").GetProperty("param").GetString().ShouldBe(named);
        }
    }

    [Fact]
    public async Task The_gateway_passes_responses_and_counts_their_tokens()
    {
        await using var engine = await RunningServer.StartAsync();
        await using var gateway = await RunningServer.StartAsync(config => config.Models =
        [
            new ModelConfig
            {
                Name = "fleet",
                PriceUsdPerHour = 2,
                Upstreams = [new UpstreamConfig { Url = engine.Address.ToString(), Model = "sim" }],
            },
        ]);
        var body = Hello.Replace("\"sim\"", "\"fleet\"");
        var (_, whole, _) = await gateway.PostAsync("/v1/responses", body);
        var events = Events(await StreamAsync(gateway, body));
        Text(events[^1].GetProperty("response")).ShouldBe(Text(whole));
        events.ShouldAllBe(e => e.GetProperty("type").GetString() != "error");
        var metrics = await gateway.Client.GetStringAsync("/metrics");
        metrics.ShouldContain($"vllm:prompt_tokens_total{{model_name=\"fleet\"}} "
            + $"{2 * whole.GetProperty("usage").GetProperty("input_tokens").GetInt32()}");
    }

    static async Task<string> StreamAsync(RunningServer server, string body)
    {
        var content = new System.Net.Http.StringContent(
            body.Replace("{\"model\"", "{\"stream\":true,\"model\""));
        var response = await server.Client.PostAsync("/v1/responses", content);
        return await response.Content.ReadAsStringAsync();
    }

    static List<JsonElement> Events(string sse) => [.. sse.Split('\n')
        .Where(line => line.StartsWith("data: {", StringComparison.Ordinal))
        .Select(line => JsonDocument.Parse(line["data: ".Length..]).RootElement)];

    static string Text(JsonElement response) => response.GetProperty("output")[0].GetProperty("content")[0]
        .GetProperty("text").GetString()!;
}
