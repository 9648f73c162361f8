using System.Text.Json;
using System.Text.Json.Nodes;
using Plimsoll.Server.Serving;

namespace Plimsoll.Server.Api;

/// <summary>
/// A request to <c>/v1/responses</c> as a chat: its items are messages, its flat tools and formats the nested
/// ones. What needs a conversation kept here is refused by name.
/// </summary>
static class ResponseReader
{
    public static CompletionRequest Read(RequestReader reader, JsonElement body)
    {
        foreach (var kept in new[] { "previous_response_id", "conversation", "prompt" })
        {
            if (body.Has(kept, out _))
                throw ApiException.Bad($"{kept} is not supported; expected the whole input", kept);
        }
        if (body.Flag("background"))
        {
            throw ApiException.Bad(
                "background is not supported; expected a stream or a whole answer", "background");
        }
        var chat = JsonSerializer.SerializeToElement(Chat(body), JsonNodes.Default.JsonObject);
        return reader.Chat(chat) with { Kind = CompletionKind.Response, Stream = body.Flag("stream") };
    }

    static JsonObject Chat(JsonElement body)
    {
        var chat = new JsonObject
        {
            ["model"] = body.Required("model"),
            ["messages"] = Messages(body),
        };
        if (body.Whole("max_output_tokens", 1, int.MaxValue / 2) is { } most)
            chat["max_completion_tokens"] = most;
        foreach (var name in new[] { "temperature", "top_p", "tools", "tool_choice", "service_tier", "seed" })
        {
            if (body.Has(name, out var value))
                chat[name] = JsonNode.Parse(value.GetRawText());
        }
        if (body.Object("text") is { } text && text.Object("format") is { } format)
            chat["response_format"] = JsonNode.Parse(format.GetRawText());
        return chat;
    }

    static JsonArray Messages(JsonElement body)
    {
        var messages = new JsonArray();
        if (body.Text("instructions") is { } instructions)
            messages.Add(Message("system", instructions));
        if (!body.Has("input", out var input))
        {
            throw ApiException.Bad("Missing required parameter: 'input'.", "input",
                "missing_required_parameter");
        }
        if (input.ValueKind == JsonValueKind.String)
        {
            messages.Add(Message("user", input.GetString()!));
            return messages;
        }
        if (input.ValueKind != JsonValueKind.Array)
            throw JsonBody.Wrong("input", input, "a string or an array of items");
        foreach (var item in input.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object)
                throw JsonBody.Wrong("input", item, "objects");
            messages.Add(Item(item));
        }
        return messages;
    }

    static JsonNode Item(JsonElement item)
    {
        switch (item.Text("type") ?? "message")
        {
            case "message":
                return new JsonObject
                {
                    ["role"] = item.Required("role"),
                    ["content"] = item.Has("content", out var content)
                        ? JsonNode.Parse(content.GetRawText()) : null,
                };
            case "function_call":
                var function = new JsonObject
                {
                    ["name"] = item.Required("name"),
                    ["arguments"] = item.Required("arguments"),
                };
                var call = new JsonObject
                {
                    ["id"] = item.Required("call_id"),
                    ["type"] = "function",
                    ["function"] = function,
                };
                return new JsonObject { ["role"] = "assistant", ["tool_calls"] = new JsonArray(call) };
            case "function_call_output":
                var answer = Message("tool", item.Required("output"));
                answer["tool_call_id"] = item.Required("call_id");
                return answer;
            case var other:
                throw ApiException.Bad(
                    $"input: items of type {other} are not supported; expected message, function_call or "
                    + "function_call_output", "input", "invalid_value");
        }
    }

    static JsonObject Message(string role, string content) =>
        new() { ["role"] = role, ["content"] = content };
}
