using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Threading.Tasks;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests;

/// <summary>The real binary, asked by the protocol's own client over stdin and stdout.</summary>
public sealed class McpTests
{
    [Fact]
    public async Task An_assistant_gets_the_json_of_the_verb()
    {
        await using var client = await Client();
        var answer = await Call(client, "simulate", new()
        {
            ["model"] = "Llama-3.1-8B", ["tp"] = 1, ["requests"] = 2000,
            ["promise"] = new[] { "ttft p95 500ms", "tpot p95 50ms" },
        });
        (answer.IsError ?? false).ShouldBeFalse(Text(answer));
        var direct = PlimsollProcess.Run(
            "simulate", "--model", "Llama-3.1-8B", "--tp", "1", "--requests", "2000",
            "--promise", "ttft p95 500ms", "--promise", "tpot p95 50ms", "--json");
        Text(answer).ShouldBe(direct.Output);
        answer.StructuredContent!.Value.GetProperty("schema").GetString().ShouldBe(
            JsonDocument.Parse(direct.Output).RootElement.GetProperty("schema").GetString());
    }

    [Fact]
    public async Task Every_tool_reads_and_none_takes_a_file_to_write()
    {
        await using var client = await Client();
        var tools = await client.ListToolsAsync(cancellationToken: TestContext.Current.CancellationToken);
        tools.Count.ShouldBeGreaterThanOrEqualTo(7);
        foreach (var tool in tools)
        {
            tool.ProtocolTool.Annotations!.ReadOnlyHint.ShouldBe(true);
            var arguments =
                tool.JsonSchema.GetProperty("properties").EnumerateObject().Select(p => p.Name).ToList();
            arguments.ShouldNotContain(
                name => name == "report" || name == "plots" || name.EndsWith("_out"), tool.Name);
        }
        tools.Single(t => t.Name == "account").ProtocolTool.OutputSchema!.Value
            .GetProperty("title").GetString().ShouldBe("plimsoll account --json");
    }

    [Theory]
    [InlineData("model", "nope", "model nope: unknown")]
    [InlineData("report", "page.html", "account has no argument report")]
    [InlineData("promise", "--report=page.html", "expected METRIC")]
    public async Task A_refusal_is_the_same_one_line(string name, string value, string expected)
    {
        await using var client = await Client();
        var answer = await Call(client, "account", new() { [name] = value });
        answer.IsError.ShouldBe(true);
        Text(answer).ShouldContain(expected);
        Text(answer).ShouldNotContain("\n");
        File.Exists(Path.Combine(AppContext.BaseDirectory, "page.html")).ShouldBeFalse();
    }

    /// <summary>What stands where a name is expected is a name, whatever it begins with.</summary>
    [Theory]
    [InlineData("compare", "A", "--report=page.html")]
    [InlineData("catalogue_models", "NAME", "--help")]
    [InlineData("catalogue_models", "NAME", "@/etc/hostname")]
    public async Task A_name_is_no_option_and_no_file(string tool, string name, string value)
    {
        await using var client = await Client();
        var answer = await Call(client, tool, new() { [name] = value });
        answer.IsError.ShouldBe(true);
        Text(answer).ShouldContain(value);
        Text(answer).ShouldNotContain("\n");
        File.Exists(Path.Combine(AppContext.BaseDirectory, "page.html")).ShouldBeFalse();
    }

    /// <summary>Messages piped in are all answered before the end of the pipe ends the server.</summary>
    [Fact]
    public void What_is_piped_in_is_answered_to_the_end()
    {
        var messages = """
            {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}
            {"jsonrpc":"2.0","method":"notifications/initialized"}
            {"jsonrpc":"2.0","id":"models","method":"tools/call","params":{"name":"catalogue_models","arguments":{}}}
            {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"nope","arguments":{}}}
            {"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":5}}
            {"jsonrpc":"2.0","id":5,"method":"no/such"}
            {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":5}}
            {"jsonrpc":"2.0","method":"notifications/cancelled"}

            """;
        var ran = PlimsollProcess.RunWithInput(Encoding.UTF8.GetBytes(messages), "mcp");
        ran.ExitCode.ShouldBe(0, ran.Story);
        var answered = ran.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("id").ToString()).ToList();
        foreach (var id in new[] { "1", "models", "3", "4" })
            answered.Count(a => a == id).ShouldBe(1, ran.Output);
    }

    /// <summary>What no schema allows is refused by the protocol's own code, which clients know.</summary>
    [Theory]
    [InlineData("""{"name":"nope","arguments":{}}""", -32602, "no tool nope; expected account")]
    [InlineData("""{"name":5}""", -32602, "expected a name")]
    [InlineData("""{"name":"plan","arguments":[1]}""", -32602, "an object of arguments")]
    [InlineData("[]", -32602, "expected a name")]
    public void A_call_of_nothing_is_an_error_of_its_parameters(string call, int code, string expected)
    {
        var messages = """
            {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}
            {"jsonrpc":"2.0","method":"notifications/initialized"}
            {"jsonrpc":"2.0","id":2,"method":"tools/call","params":CALL}

            """.Replace("CALL", call);
        var ran = PlimsollProcess.RunWithInput(Encoding.UTF8.GetBytes(messages), "mcp");
        var error = JsonDocument.Parse(ran.Output.Split('\n').Single(line => line.Contains("\"id\":2")))
            .RootElement.GetProperty("error");
        error.GetProperty("code").GetInt32().ShouldBe(code);
        error.GetProperty("message").GetString()!.ShouldContain(expected);
    }

    static Task<McpClient> Client() => McpClient.CreateAsync(
        new StdioClientTransport(new StdioClientTransportOptions
        {
            Name = "plimsoll",
            Command = PlimsollProcess.Binary,
            Arguments = ["mcp"],
            WorkingDirectory = AppContext.BaseDirectory,
        }),
        cancellationToken: TestContext.Current.CancellationToken);

    static async Task<CallToolResult> Call(
        McpClient client, string tool, Dictionary<string, object?> arguments) =>
        await client.CallToolAsync(tool, arguments, cancellationToken: TestContext.Current.CancellationToken);

    static string Text(CallToolResult answer) => answer.Content.OfType<TextContentBlock>().Single().Text;
}
