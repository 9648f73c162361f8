using System.Text.Json;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>
/// OpenAI's messages as templates expect them: a tool call's arguments are an object, not text that holds
/// one; a content of text parts only is one text; no content is an empty one.
/// </summary>
static class ChatMessages
{
    /// <param name="marker">What stands for an image; null where none are taken.</param>
    public static void Write(JsonElement messages, Utf8JsonWriter json, string? marker)
    {
        if (messages.ValueKind != JsonValueKind.Array)
            throw new EngineRefusalException("messages: an array was expected");
        json.WriteStartArray();
        foreach (var message in messages.EnumerateArray())
        {
            if (message.ValueKind != JsonValueKind.Object)
                throw new EngineRefusalException("messages: each must be an object");
            json.WriteStartObject();
            foreach (var property in message.EnumerateObject())
            {
                json.WritePropertyName(property.Name);
                if (property.Name == "content")
                    WriteContent(property.Value, json, marker);
                else if (property.Name == "tool_calls" && property.Value.ValueKind == JsonValueKind.Array)
                    WriteCalls(property.Value, json);
                else
                    property.Value.WriteTo(json);
            }
            if (!message.TryGetProperty("content", out _))
                json.WriteString("content", "");
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    static void WriteContent(JsonElement content, Utf8JsonWriter json, string? marker)
    {
        if (content.ValueKind == JsonValueKind.Null)
        {
            json.WriteStringValue("");
        }
        else if (content.ValueKind != JsonValueKind.Array)
        {
            content.WriteTo(json);
        }
        else
        {
            var text = "";
            foreach (var part in content.EnumerateArray())
                text += TextOf(part, marker);
            json.WriteStringValue(text);
        }
    }

    static string? TextOf(JsonElement part, string? marker)
    {
        var type = part.TryGetProperty("type", out var name) ? name.GetString() : null;
        if (marker is not null && type is "image_url" or "input_image")
            return marker;
        return type is "text" or "input_text" or "output_text" && part.TryGetProperty("text", out var text)
            ? text.GetString()
            : throw new EngineRefusalException(
                $"messages: a part of type \"{type}\" cannot be served; this model takes "
                    + (marker is null ? "text" : "text and images"));
    }

    static void WriteCalls(JsonElement calls, Utf8JsonWriter json)
    {
        json.WriteStartArray();
        foreach (var call in calls.EnumerateArray())
        {
            if (call.ValueKind != JsonValueKind.Object)
                throw new EngineRefusalException("messages: tool_calls: expected objects");
            json.WriteStartObject();
            foreach (var property in call.EnumerateObject())
            {
                json.WritePropertyName(property.Name);
                if (property.Name == "function" && property.Value.ValueKind == JsonValueKind.Object)
                    WriteFunction(property.Value, json);
                else
                    property.Value.WriteTo(json);
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    static void WriteFunction(JsonElement function, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        foreach (var property in function.EnumerateObject())
        {
            json.WritePropertyName(property.Name);
            if (property.Name == "arguments" && property.Value.ValueKind == JsonValueKind.String
                && IsObject(property.Value.GetString()!))
            {
                json.WriteRawValue(property.Value.GetString()!);
            }
            else
            {
                property.Value.WriteTo(json);
            }
        }
        json.WriteEndObject();
    }

    static bool IsObject(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
