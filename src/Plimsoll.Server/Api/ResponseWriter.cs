using System.Text.Json;
using Plimsoll.Engine;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Serving;

namespace Plimsoll.Server.Api;

/// <summary>The body of <c>/v1/responses</c>, whole and as the events that build it up.</summary>
sealed class ResponseWriter(CompletionRequest request, JsonElement body, string name, long created)
{
    readonly bool _calls = request.ForcedTool is not null;
    int _sequence;

    string ItemId => (_calls ? "fc_" : "msg_") + name;

    /// <summary>An event that carries the response as it is.</summary>
    public void WriteState(SseStream stream, string kind, ChoiceText? choice, RequestEntry entry)
    {
        var json = Begin(stream, kind);
        json.WritePropertyName("response"u8);
        WriteWhole(json, choice, entry);
        End(stream, json);
    }

    /// <summary>The events before the first token: an item, and a part of it for text.</summary>
    public void WriteOpening(SseStream stream)
    {
        var json = Begin(stream, "response.output_item.added");
        json.WriteNumber("output_index"u8, 0);
        json.WritePropertyName("item"u8);
        WriteItem(json, "", "in_progress", isOpen: true);
        End(stream, json);
        if (_calls)
            return;
        json = BeginPart(stream, "response.content_part.added");
        json.WritePropertyName("part"u8);
        WritePart(json, "");
        End(stream, json);
    }

    public void WriteDelta(SseStream stream, string text)
    {
        var json = BeginPart(
            stream, _calls ? "response.function_call_arguments.delta" : "response.output_text.delta");
        json.WriteString("delta"u8, text);
        if (!_calls)
            WriteEmpty(json, "logprobs");
        End(stream, json);
    }

    /// <summary>The events after the last token, but for the response itself.</summary>
    public void WriteClosing(SseStream stream, ChoiceText choice)
    {
        var json = BeginPart(
            stream, _calls ? "response.function_call_arguments.done" : "response.output_text.done");
        if (_calls)
            json.WriteString("name"u8, request.ForcedTool);
        json.WriteString(_calls ? "arguments"u8 : "text"u8, choice.Text);
        if (!_calls)
            WriteEmpty(json, "logprobs");
        End(stream, json);
        if (!_calls)
        {
            json = BeginPart(stream, "response.content_part.done");
            json.WritePropertyName("part"u8);
            WritePart(json, choice.Text);
            End(stream, json);
        }
        json = Begin(stream, "response.output_item.done");
        json.WriteNumber("output_index"u8, 0);
        json.WritePropertyName("item"u8);
        WriteItem(json, choice.Text, StatusOf(choice), isOpen: false);
        End(stream, json);
    }

    /// <param name="choice">The answer; null while there is none.</param>
    public void WriteWhole(Utf8JsonWriter json, ChoiceText? choice, RequestEntry entry)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, "resp_" + name);
        json.WriteString("object"u8, "response"u8);
        json.WriteNumber("created_at"u8, created);
        json.WriteString("status"u8, choice is null ? "in_progress" : StatusOf(choice));
        json.WriteNull("error"u8);
        if (choice?.Finish == FinishReason.Length)
        {
            json.WriteStartObject("incomplete_details"u8);
            json.WriteString("reason"u8, "max_output_tokens"u8);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("incomplete_details"u8);
        }
        json.WriteString("model"u8, request.Model);
        json.WriteStartArray("output"u8);
        if (choice is not null)
            WriteItem(json, choice.Text, StatusOf(choice), isOpen: false);
        json.WriteEndArray();
        WriteEchoes(json);
        if (choice is null)
            json.WriteNull("usage"u8);
        else
            Usage.WriteOfResponse(json, entry);
        json.WriteEndObject();
    }

    public static string StatusOf(ChoiceText choice) =>
        choice.Finish == FinishReason.Length ? "incomplete" : "completed";

    /// <summary>What the client said or left out, as OpenAI repeats it.</summary>
    void WriteEchoes(Utf8JsonWriter json)
    {
        foreach (var name in new[] { "instructions", "max_output_tokens", "previous_response_id", "user" })
            Echo(json, name, "null");
        Echo(json, "parallel_tool_calls", "true");
        Echo(json, "reasoning", """{"effort":null,"summary":null}""");
        json.WriteBoolean("store"u8, false);
        json.WriteString("service_tier"u8, request.Level.ServiceTier);
        Echo(json, "temperature", "1.0");
        Echo(json, "text", """{"format":{"type":"text"}}""");
        Echo(json, "tool_choice", "\"auto\"");
        Echo(json, "tools", "[]");
        Echo(json, "top_p", "1.0");
        json.WriteString("truncation"u8, "disabled"u8);
        Echo(json, "metadata", "{}");
    }

    void Echo(Utf8JsonWriter json, string property, string otherwise)
    {
        json.WritePropertyName(property);
        json.WriteRawValue(body.Has(property, out var value) ? value.GetRawText() : otherwise);
    }

    void WriteItem(Utf8JsonWriter json, string text, string status, bool isOpen)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, ItemId);
        json.WriteString("type"u8, _calls ? "function_call"u8 : "message"u8);
        json.WriteString("status"u8, status);
        if (_calls)
        {
            json.WriteString("call_id"u8, "call_" + name);
            json.WriteString("name"u8, request.ForcedTool);
            json.WriteString("arguments"u8, text);
        }
        else
        {
            json.WriteString("role"u8, "assistant"u8);
            json.WriteStartArray("content"u8);
            if (!isOpen)
                WritePart(json, text);
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    static void WritePart(Utf8JsonWriter json, string text)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "output_text"u8);
        json.WriteString("text"u8, text);
        WriteEmpty(json, "annotations");
        WriteEmpty(json, "logprobs");
        json.WriteEndObject();
    }

    static void WriteEmpty(Utf8JsonWriter json, string property)
    {
        json.WriteStartArray(property);
        json.WriteEndArray();
    }

    Utf8JsonWriter BeginPart(SseStream stream, string kind)
    {
        var json = Begin(stream, kind);
        json.WriteString("item_id"u8, ItemId);
        json.WriteNumber("output_index"u8, 0);
        if (!_calls)
            json.WriteNumber("content_index"u8, 0);
        return json;
    }

    Utf8JsonWriter Begin(SseStream stream, string kind)
    {
        var json = stream.Begin(System.Text.Encoding.ASCII.GetBytes(kind));
        json.WriteStartObject();
        json.WriteString("type"u8, kind);
        json.WriteNumber("sequence_number"u8, _sequence++);
        return json;
    }

    static void End(SseStream stream, Utf8JsonWriter json)
    {
        json.WriteEndObject();
        stream.End();
    }
}
