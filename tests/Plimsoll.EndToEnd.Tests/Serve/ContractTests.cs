using System.Linq;
using System.Net.Http;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Json.Schema;
using Microsoft.OpenApi;
using Plimsoll.Server.Api.Contract;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>What the server says of its API is what the API does.</summary>
public sealed class ContractTests(ContractTests.Served served) : IClassFixture<ContractTests.Served>
{
    /// <summary>One server for all of them: what it is asked changes nothing but its files.</summary>
    public sealed class Served : IAsyncLifetime
    {
        internal RunningServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Server = await RunningServer.StartAsync();
            var file = await Server.UploadAsync(RunningServer.Lines(1));
            await Server.PostAsync("/v1/batches",
                $$"""{"input_file_id":"{{file}}","endpoint":"/v1/chat/completions","completion_window":"24h"}""");
        }

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }

    readonly RunningServer _server = served.Server;

    const string Chat = """{"model":"sim","max_tokens":3,"messages":[{"role":"user","content":"hi"}],"logprobs":true,"top_logprobs":1}""";
    const string Text = """{"model":"sim","max_tokens":3,"prompt":"hi","logprobs":1}""";
    const string Tool = """{"model":"sim","max_tokens":90,"messages":[{"role":"user","content":"hi"}],"tool_choice":"required","tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"integer"}}}}}]}""";

    [Fact]
    public async Task The_document_is_openapi_and_every_path_in_it_is_served()
    {
        var text = await _server.Client.GetStringAsync("/openapi.json");
        var read = Microsoft.OpenApi.OpenApiDocument.Parse(text, "json");
        read.Diagnostic!.Errors.ShouldBeEmpty();
        read.Diagnostic.SpecificationVersion.ShouldBe(OpenApiSpecVersion.OpenApi3_1);
        read.Document!.Paths.SelectMany(path => path.Value.Operations!).Count()
            .ShouldBe(Operations.All.Count);
        foreach (var operation in Operations.All.Where(one => one.Path is not ("/live" or "/")))
        {
            var path = operation.Template.Replace("{model}", "none").Replace("{id}", "none")
                .Replace("{task}", "none");
            var answer = await _server.Client.SendAsync(new HttpRequestMessage(new(operation.Method), path));
            (await answer.Content.ReadAsStringAsync()).ShouldNotContain("unknown_url", customMessage: path);
        }
        (await _server.GetAsync("/v1/none")).Status.ShouldBe(404);
    }

    [Theory]
    [InlineData("POST", "/v1/chat/completions", Chat)]
    [InlineData("POST", "/v1/chat/completions", Tool)]
    [InlineData("POST", "/v1/completions", Text)]
    [InlineData("POST", "/v1/responses", """{"model":"sim","input":"hi","max_output_tokens":3}""")]
    [InlineData("POST", "/v1/embeddings", """{"model":"sim","input":["hi","ho"]}""")]
    [InlineData("POST", "/v1/embeddings", """{"model":"sim","input":"hi","encoding_format":"base64"}""")]
    [InlineData("GET", "/v1/models", "")]
    [InlineData("GET", "/v1/models/sim", "")]
    [InlineData("POST", "/tokenize", """{"prompt":"hello"}""")]
    [InlineData("POST", "/detokenize", """{"tokens":[1089876136]}""")]
    [InlineData("GET", "/version", "")]
    [InlineData("GET", "/v1/rollouts", "")]
    [InlineData("GET", "/v1/fine_tuning/jobs", "")]
    [InlineData("GET", "/v1/files", "")]
    [InlineData("GET", "/v1/batches", "")]
    public async Task Requests_and_answers_follow_their_schemas(string method, string path, string body)
    {
        var operation = Operations.All.Single(one => one.Method == method
            && (one.Path == path || (one.Template.EndsWith("{model}") && path == "/v1/models/sim")));
        var request = new HttpRequestMessage(new(method), path);
        if (body.Length > 0)
        {
            request.Content = new StringContent(body);
            Follows(body, operation.Request!);
        }
        var response = await _server.Client.SendAsync(request);
        var answer = await response.Content.ReadAsStringAsync();
        response.IsSuccessStatusCode.ShouldBeTrue(answer);
        Follows(answer, operation.Answer!);
    }

    [Theory]
    [InlineData("/v1/chat/completions", Chat, "ChatChunk")]
    [InlineData("/v1/chat/completions", Tool, "ChatChunk")]
    [InlineData("/v1/completions", Text, "CompletionResponse")]
    public async Task Every_event_of_a_stream_follows_its_schema(string path, string body, string schema)
    {
        var streaming = body.Replace("{\"model\"",
            "{\"stream\":true,\"stream_options\":{\"include_usage\":true},\"model\"");
        var response = await _server.Client.PostAsync(path, new StringContent(streaming));
        var events = (await response.Content.ReadAsStringAsync()).Split('\n')
            .Where(line => line.StartsWith("data: {")).ToList();
        events.Count.ShouldBeGreaterThan(2);
        foreach (var one in events)
            Follows(one["data: ".Length..], schema);
    }

    [Theory]
    [InlineData("/v1/chat/completions", "{}")]
    [InlineData("/v1/chat/completions", "nonsense")]
    [InlineData("/v1/nowhere", "{}")]
    [InlineData("/v1/batches", """{"input_file_id":"none","endpoint":"/v1/chat/completions","completion_window":"24h"}""")]
    public async Task Errors_follow_theirs(string path, string body)
    {
        var response = await _server.Client.PostAsync(path, new StringContent(body));
        ((int)response.StatusCode).ShouldBeInRange(400, 499);
        Follows(await response.Content.ReadAsStringAsync(), "Error");
    }

    [Fact]
    public async Task The_page_tells_every_endpoint_and_loads_nothing()
    {
        var page = await _server.Client.GetStringAsync("/docs");
        foreach (var operation in Operations.All)
            page.ShouldContain(operation.Template);
        page.ShouldContain("messages");
        page.ShouldNotContain("<script");
        page.ShouldNotContain("http://");
        page.ShouldNotContain("https://");
    }

    /// <summary>Nothing is there that the schema does not name.</summary>
    static void Follows(string json, string schema)
    {
        using var schemas = Plimsoll.Server.Api.Contract.OpenApiDocument.Schemas();
        var all = JsonNode.Parse(
            schemas.RootElement.GetRawText().Replace("#/components/schemas/", "#/$defs/"))!.AsObject();
        foreach (var one in all.ToList())
            Close(one.Value);
        var whole = new JsonObject
        {
            ["$ref"] = $"#/$defs/{schema}",
            ["$defs"] = all,
        };
        var result = JsonSchema.FromText(whole.ToJsonString()).Evaluate(
            System.Text.Json.JsonDocument.Parse(json).RootElement,
            new EvaluationOptions { OutputFormat = OutputFormat.List });
        var wrong = result.Details?.Where(detail => detail.Errors is { Count: > 0 })
            .Select(detail => $"{detail.InstanceLocation}: {string.Join(", ", detail.Errors!.Values)}") ?? [];
        result.IsValid.ShouldBeTrue($"{json}\n{string.Join('\n', wrong)}");
    }

    static void Close(JsonNode? node)
    {
        if (node is JsonArray list)
        {
            foreach (var one in list)
                Close(one);
        }
        if (node is not JsonObject schema)
            return;
        foreach (var property in schema.ToList())
            Close(property.Value);
        // Parts of an allOf know only their own names.
        if (schema["properties"] is JsonObject && !schema.ContainsKey("additionalProperties")
            && !schema.ContainsKey("top_logprobs") && schema["properties"]!["top_logprobs"] is null
            && schema["properties"]!["bytes"] is null)
        {
            schema["additionalProperties"] = false;
        }
    }
}
