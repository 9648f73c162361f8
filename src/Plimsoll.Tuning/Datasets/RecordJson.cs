using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;
using Plimsoll.Tuning.Registry;

namespace Plimsoll.Tuning.Datasets;

/// <summary>
/// A record as one canonical line: OpenAI's keys where it has them. Its SHA-256 names the record.
/// </summary>
public static class RecordJson
{
    public static string Of(TrainingRecord record)
    {
        var root = new JsonObject();
        if (record.Text is not null)
            root["text"] = record.Text;
        if (record.IsPreference)
        {
            root["input"] = new JsonObject { ["messages"] = Messages(record.Messages) };
            root["preferred_output"] = Messages([record.Chosen!]);
            root["non_preferred_output"] = Messages([record.Rejected!]);
        }
        else if (record.Text is null)
        {
            root["messages"] = Messages(record.Messages);
        }
        if (record.Tools is { } tools)
            root["tools"] = tools.DeepClone();
        if (record.Group is not null)
            root["group"] = record.Group;
        return CanonicalJson.Of((JsonNode)root);
    }

    public static JsonArray Messages(IEnumerable<ChatMessage> messages) =>
        new([.. messages.Select(m => (JsonNode)Message(m))]);

    static JsonObject Message(ChatMessage message)
    {
        var node = new JsonObject { ["role"] = message.Role, ["content"] = message.Content };
        if (message.ToolCalls is { } calls)
            node["tool_calls"] = calls.DeepClone();
        if (message.ToolCallId is not null)
            node["tool_call_id"] = message.ToolCallId;
        if (message.Weight is { } weight)
            node["weight"] = weight;
        return node;
    }
}
