using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using Plimsoll.Cli.Assistant;

namespace Plimsoll.Cli.Verbs;

/// <summary>
/// <c>plimsoll mcp</c>: the verbs that only read, as tools of a Model Context Protocol server
/// over stdin and stdout.
/// </summary>
sealed class McpVerb(TextWriter story)
{
    /// <summary>Verbs that answer a question and change nothing.</summary>
    static readonly string[] Verbs =
    [
        "account", "plan", "compare", "claims", "simulate", "trace describe", "catalogue accelerators",
        "catalogue models", "catalogue prices", "catalogue workloads",
    ];

    public Command Build()
    {
        var command = new Command(
            "mcp", "Serve the verbs that only read to an assistant: Model Context Protocol over stdio.");
        command.SetAction((_, stop) => Serve(stop));
        return command;
    }

    async Task<int> Serve(CancellationToken stop)
    {
        var tools = new Dictionary<string, VerbTool>();
        var root = CommandLine.Root(TextWriter.Null, TextWriter.Null);
        foreach (var verb in Verbs)
        {
            var tool = new VerbTool(verb, root);
            tools.Add(tool.Name, tool);
        }
        var listed = new ListToolsResult { Tools = [] };
        foreach (var tool in tools.Values)
            listed.Tools.Add(tool.Describe());
        await using var input = new PatientInput(Console.OpenStandardInput());
        var options = new McpServerOptions
        {
            ServerInfo = new Implementation { Name = "plimsoll", Version = CommandLine.Version },
            ServerInstructions =
                "What a token costs at a promised latency. Name what is served and how fast it was "
                + "promised; every figure carries its tier, interval and price date.",
            Handlers = new McpServerHandlers
            {
                ListToolsHandler = (_, _) => ValueTask.FromResult(listed),
                CallToolHandler = (request, _) => ValueTask.FromResult(Call(tools, request.Params)),
            },
        };
        options.Filters.Message.IncomingFilters.Add(next => (message, cancel) =>
            message.JsonRpcMessage is JsonRpcRequest { Method: RequestMethods.ToolsCall } request
                && !IsCall(request.Params)
                ? throw new McpProtocolException(
                    "not a call of a tool; expected a name and an object of arguments",
                    McpErrorCode.InvalidParams)
                : next(message, cancel));
        options.Filters.Message.OutgoingFilters.Add(send => async (message, cancel) =>
        {
            await send(message, cancel);
            if (message.JsonRpcMessage is JsonRpcResponse or JsonRpcError)
                input.Answered(((JsonRpcMessageWithId)message.JsonRpcMessage).Id.ToString());
        });
        await using var transport = new StreamServerTransport(
            input, Console.OpenStandardOutput(), "plimsoll");
        await using var server = McpServer.Create(transport, options);
        story.WriteLine($"plimsoll mcp: {tools.Count} tools on stdin and stdout");
        await server.RunAsync(stop);
        return CommandLine.Done;
    }

    /// <summary>Whether a call names its tool, and its arguments by name.</summary>
    static bool IsCall(JsonNode? call) => call is JsonObject named
        && named["name"]?.GetValueKind() == JsonValueKind.String
        && named["arguments"] is (null or JsonObject);

    static CallToolResult Call(Dictionary<string, VerbTool> tools, CallToolRequestParams? request)
    {
        if (request is null || !tools.TryGetValue(request.Name, out var tool))
        {
            throw new McpProtocolException(
                $"no tool {request?.Name}; expected {string.Join(", ", tools.Keys)}",
                McpErrorCode.InvalidParams);
        }
        return tool.Call(request.Arguments is { } given
            ? new Dictionary<string, JsonElement>(given) : []);
    }
}
