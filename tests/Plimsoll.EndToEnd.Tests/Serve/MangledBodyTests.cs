using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>
/// Bodies that are right but for one field, each field in its turn, at every level: whatever is in its place,
/// the client is told what was wrong, nothing of ours fails, and no request stays in the books.
/// </summary>
public sealed class MangledBodyTests
{
    const string Schema = """
        {"type":"object","required":["a"],"$defs":{"q":{"enum":["k"]}},"properties":{
            "a":{"type":"integer","minimum":1,"maximum":5},"c":{"$ref":"#/$defs/q"},
            "b":{"type":"array","items":{"type":"string"},"minItems":1},"d":{"anyOf":[{"type":"null"}]},
            "e":{"type":"string","minLength":1,"maxLength":3}}}
        """;

    const string Tool = """
        {"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}}
        """;

    const string Chat = """
        {"model":"sim","max_tokens":1,"temperature":0.5,"n":1,"stop":["zz"],"logit_bias":{"5":1},
         "messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],"seed":3,"stream":false,
         "stream_options":null,"tools":["TOOL"],"tool_choice":"auto","service_tier":"auto",
         "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":"SCHEMA"}}}
        """;

    static readonly string[] _wrong =
        ["null", "true", "-1", "1e308", "99999999999999999999999", "\"x\"", "[]", "{}", "[null]", "[[]]",
            "\"\\ud800\""];

    [Theory]
    [InlineData("/v1/chat/completions", Chat)]
    [InlineData("/v1/completions", """{"model":"sim","max_tokens":1,"prompt":["a",[1,2]],"n":1,"logprobs":2}""")]
    [InlineData("/v1/responses", """{"model":"sim","max_output_tokens":1,"input":[{"role":"user","content":[{"type":"input_text","text":"a"}]},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}],"tool_choice":"auto","text":{"format":{"type":"json_schema","name":"n","schema":"SCHEMA"}}}""")]
    [InlineData("/v1/embeddings", """{"model":"sim","input":["a",[1,2]],"dimensions":4,"encoding_format":"float"}""")]
    [InlineData("/tokenize", """{"model":"sim","prompt":"abc","add_special_tokens":true}""")]
    [InlineData("/detokenize", """{"model":"sim","tokens":[1,2]}""")]
    [InlineData("/v1/load_lora_adapter", """{"lora_name":"a","lora_path":"/nowhere"}""")]
    [InlineData("/v1/batches", """{"input_file_id":"file-x","endpoint":"/v1/chat/completions","completion_window":"24h","metadata":{"a":"b"}}""")]
    [InlineData("/v1/rollouts", """{"task":"t","model":"sim","candidate":"c","path":"/x","labels":["a"],"shares":[1,10000],"error":0.1,"guards":[{"metric":"errors","margin":0.1}]}""")]
    public async Task Are_told_so_and_nothing_of_ours_fails(string path, string right)
    {
        await using var server = await RunningServer.StartAsync();
        await CheckAsync(server, path, Whole(right), "sim");
    }

    [Fact]
    public async Task Are_told_so_by_a_gateway_too()
    {
        await using var engine = await RunningServer.StartAsync();
        await using var gateway = await RunningServer.StartAsync(config => config.Models =
        [
            new ModelConfig
            {
                Name = "gate",
                PriceUsdPerHour = 1,
                Upstreams = [new UpstreamConfig { Url = engine.Address.ToString(), Model = "sim" }],
            },
        ]);
        await CheckAsync(gateway, "/v1/chat/completions", Whole(Chat).Replace("sim", "gate"), "gate");
    }

    static string Whole(string body) => body.Replace("\"SCHEMA\"", Schema).Replace("\"TOOL\"", Tool);

    static async Task CheckAsync(RunningServer server, string path, string right, string model)
    {
        var bodies = Mangled(right).ToList();
        bodies.Count.ShouldBeGreaterThan(20);
        await Parallel.ForEachAsync(bodies, async (body, _) =>
        {
            var (status, answer, _) = await server.PostAsync(path, body);
            status.ShouldBeLessThan(500, body);
            if (status < 400)
                return;
            var error = answer.GetProperty("error").GetProperty("message").GetString()!;
            error.ShouldNotContain("System.", Case.Sensitive, body);
            error.ShouldNotContain("Plimsoll.", Case.Sensitive, body);
        });
        var open = await RunningServer.EventuallyAsync(
            () => Task.FromResult(server.Host.Book.OpenRequests), count => count == 0);
        open.ShouldBe(0);
        (await server.PostAsync("/v1/completions", $$"""{"model":"{{model}}","prompt":"a","max_tokens":1}"""))
            .Status.ShouldBe(200);
    }

    /// <summary>The body with each of its values replaced by each wrong one, and without it.</summary>
    static IEnumerable<string> Mangled(string right)
    {
        foreach (var path in Paths(JsonNode.Parse(right)!).ToList())
        {
            foreach (var wrong in _wrong)
                yield return With(right, path, "\"the mark\"").Replace("\"the mark\"", wrong);
            yield return With(right, path, null);
        }
    }

    static IEnumerable<object[]> Paths(JsonNode? node)
    {
        IEnumerable<(object, JsonNode?)> parts = node switch
        {
            JsonObject fields => fields.Select(field => ((object)field.Key, field.Value)),
            JsonArray items => items.Select((item, index) => ((object)index, item)),
            _ => [],
        };
        foreach (var (name, value) in parts)
        {
            yield return [name];
            foreach (var below in Paths(value))
                yield return [name, .. below];
        }
    }

    static string With(string right, object[] path, string? value)
    {
        var root = JsonNode.Parse(right)!;
        var at = root;
        foreach (var step in path[..^1])
            at = step is int index ? at![index] : at![(string)step];
        switch (path[^1])
        {
            case int index when value is null:
                at!.AsArray().RemoveAt(index);
                break;
            case int index:
                at![index] = JsonNode.Parse(value);
                break;
            case string name when value is null:
                at!.AsObject().Remove(name);
                break;
            case string name:
                at![name] = JsonNode.Parse(value);
                break;
        }
        return root.ToJsonString();
    }
}
