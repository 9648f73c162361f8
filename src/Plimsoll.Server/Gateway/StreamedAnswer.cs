using System;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Plimsoll.Server.Gateway;

/// <summary>
/// Puts the events of a stream together to the answer that would have come whole: texts are joined, lists are
/// merged by <c>index</c>, and of everything else the last word counts. The last event of Responses has the
/// answer whole.
/// </summary>
public sealed class StreamedAnswer
{
    const string Data = "data: ";

    JsonObject? _whole;

    /// <summary>Whether an event was an error of the upstream's.</summary>
    public JsonNode? Error { get; private set; }

    public void Add(ReadOnlySpan<byte> sse)
    {
        foreach (var line in Encoding.UTF8.GetString(sse).Split('\n'))
        {
            // What is no object is the stream's end.
            if (!line.StartsWith(Data + "{", StringComparison.Ordinal)
                || JsonNode.Parse(line[Data.Length..]) is not JsonObject chunk)
            {
                continue;
            }
            if ((chunk["error"] ?? chunk["response"]?["error"]) is { } error)
                Error = error.DeepClone();
            else if (chunk["type"]?.ToString().StartsWith("response.", StringComparison.Ordinal) == true)
                _whole = (chunk["response"]?.DeepClone() as JsonObject) ?? _whole;
            else if (_whole is null)
                _whole = (JsonObject)Settled(chunk);
            else
                Merge(_whole, (JsonObject)Settled(chunk));
        }
    }

    /// <summary>An answer that came whole.</summary>
    public void Take(ReadOnlySpan<byte> json) => _whole = JsonNode.Parse(json) as JsonObject;

    /// <summary>The answer; null when no event had one.</summary>
    public byte[]? Whole()
    {
        if (_whole is null)
            return null;
        if (_whole["object"]?.ToString() == "chat.completion.chunk")
            _whole["object"] = "chat.completion";
        if (_whole["choices"] is JsonArray choices)
        {
            foreach (var choice in choices)
                Strip(choice as JsonObject);
        }
        return Encoding.UTF8.GetBytes(_whole.ToJsonString());
    }

    /// <summary>A chunk as the whole answer names its parts: a delta is a piece of a message.</summary>
    static JsonNode Settled(JsonObject chunk)
    {
        var settled = (JsonObject)chunk.DeepClone();
        if (settled["choices"] is not JsonArray choices)
            return settled;
        foreach (var node in choices)
        {
            if (node is not JsonObject choice || choice["delta"] is not JsonObject delta)
                continue;
            choice.Remove("delta");
            choice["message"] = delta;
        }
        return settled;
    }

    /// <summary>A whole answer's tool calls carry no index.</summary>
    static void Strip(JsonObject? choice)
    {
        if (choice?["message"] is not JsonObject message)
            return;
        message.TryAdd("content", null);
        if (message["tool_calls"] is not JsonArray calls)
            return;
        foreach (var call in calls)
            (call as JsonObject)?.Remove("index");
    }

    static void Merge(JsonObject into, JsonObject from)
    {
        foreach (var (name, value) in from)
        {
            if (value is null)
                continue;
            into[name] = (into[name], value) switch
            {
                (JsonObject mine, JsonObject theirs) => Merged(mine, theirs),
                (JsonArray mine, JsonArray theirs) => Merged(mine, theirs, name),
                (JsonValue mine, JsonValue theirs) when IsPiece(name)
                    && mine.GetValueKind() == JsonValueKind.String => mine.ToString() + theirs,
                _ => value.DeepClone(),
            };
        }
    }

    static bool IsPiece(string name) =>
        name is "content" or "text" or "arguments" or "refusal" or "reasoning_content" or "reasoning";

    static JsonNode Merged(JsonObject mine, JsonObject theirs)
    {
        var merged = (JsonObject)mine.DeepClone();
        Merge(merged, theirs);
        return merged;
    }

    static JsonNode Merged(JsonArray mine, JsonArray theirs, string name)
    {
        var merged = (JsonArray)mine.DeepClone();
        foreach (var node in theirs)
        {
            var place = name is "choices" or "tool_calls" && node is JsonObject entry
                ? Find(merged, entry["index"]?.ToString()) : null;
            if (place is null)
                merged.Add(node?.DeepClone());
            else
                Merge(place, (JsonObject)node!);
        }
        return merged;
    }

    static JsonObject? Find(JsonArray array, string? index)
    {
        foreach (var node in array)
        {
            if (node is JsonObject entry && entry["index"]?.ToString() == index)
                return entry;
        }
        return null;
    }
}
