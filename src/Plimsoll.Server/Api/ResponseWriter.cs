using System.Collections.Generic;
using System.Text;
using System.Text.Json;
using Plimsoll.Engine;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Serving;

namespace Plimsoll.Server.Api;

/// <summary>
/// The body of <c>/v1/responses</c>, whole and as the events that build it up: an item for what the answer
/// says, and one for each call that it makes, in the order in which they begin.
/// </summary>
sealed class ResponseWriter(CompletionRequest request, JsonElement body, string name, long created)
{
    /// <summary>The whole answer is the arguments of one call.</summary>
    readonly bool _calls = request.ForcedTool is not null;
    readonly ToolCallReader _reader = new(request.CallStyle, request.Tools);

    /// <summary>Items so far: calls, and the text where there is none.</summary>
    readonly List<ToolCall?> _items = [];
    readonly StringBuilder _text = new();
    int _textIndex = -1;
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

    /// <summary>The events of a piece of the answer.</summary>
    public void WriteText(SseStream stream, string piece, bool isLast)
    {
        var (text, calls) = _reader.Add(piece, isLast);
        // What the client waits for begins with the first token; what may be a call, when it is none.
        if (_textIndex < 0 && (text.Length > 0 || request.CallStyle == ToolCallStyle.None))
            WriteOpening(stream);
        if (text.Length > 0)
            WriteDelta(stream, text);
        _text.Append(text);
        foreach (var call in calls)
            WriteCall(stream, call);
    }

    /// <summary>The events of a call that is whole at once.</summary>
    void WriteCall(SseStream stream, in ToolCall call)
    {
        var index = _items.Count;
        _items.Add(call);
        foreach (var (kind, isOpen) in ((string, bool)[])[("added", true), ("done", false)])
        {
            if (!isOpen)
            {
                WriteArguments(stream, index, "delta", "delta", call);
                WriteArguments(stream, index, "done", "arguments", call);
            }
            var json = Begin(stream, "response.output_item." + kind);
            json.WriteNumber("output_index"u8, index);
            json.WritePropertyName("item"u8);
            var shown = isOpen ? call with { Arguments = "" } : call;
            WriteCallItem(json, shown, index, isOpen ? "in_progress" : "completed");
            End(stream, json);
        }
    }

    void WriteArguments(SseStream stream, int index, string kind, string property, in ToolCall call)
    {
        var json = Begin(stream, "response.function_call_arguments." + kind);
        json.WriteString("item_id"u8, $"fc_{name}_{index}");
        json.WriteNumber("output_index"u8, index);
        if (kind == "done")
            json.WriteString("name"u8, call.Name);
        json.WriteString(property, call.Arguments);
        End(stream, json);
    }

    void WriteCallItem(Utf8JsonWriter json, in ToolCall call, int index, string status)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, $"fc_{name}_{index}");
        json.WriteString("type"u8, "function_call"u8);
        json.WriteString("status"u8, status);
        json.WriteString("call_id"u8, $"call_{name}_{index}");
        json.WriteString("name"u8, call.Name);
        json.WriteString("arguments"u8, call.Arguments);
        json.WriteEndObject();
    }

    /// <summary>The events before the first text: an item, and a part of it for text.</summary>
    void WriteOpening(SseStream stream)
    {
        _textIndex = _items.Count;
        _items.Add(null);
        var json = Begin(stream, "response.output_item.added");
        json.WriteNumber("output_index"u8, _textIndex);
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

    void WriteDelta(SseStream stream, string text)
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
        if (_items.Count == 0)
            WriteOpening(stream);
        if (_textIndex < 0)
            return;
        var text = _text.ToString();
        var json = BeginPart(
            stream, _calls ? "response.function_call_arguments.done" : "response.output_text.done");
        if (_calls)
            json.WriteString("name"u8, request.ForcedTool);
        json.WriteString(_calls ? "arguments"u8 : "text"u8, text);
        if (!_calls)
            WriteEmpty(json, "logprobs");
        End(stream, json);
        if (!_calls)
        {
            json = BeginPart(stream, "response.content_part.done");
            json.WritePropertyName("part"u8);
            WritePart(json, text);
            End(stream, json);
        }
        json = Begin(stream, "response.output_item.done");
        json.WriteNumber("output_index"u8, _textIndex);
        json.WritePropertyName("item"u8);
        WriteItem(json, text, StatusOf(choice), isOpen: false);
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
            WriteItems(json, choice);
        json.WriteEndArray();
        WriteEchoes(json);
        if (choice is null)
            json.WriteNull("usage"u8);
        else
            Usage.WriteOfResponse(json, entry);
        json.WriteEndObject();
    }

    /// <summary>The items that were streamed; of a whole answer, its text and then its calls.</summary>
    void WriteItems(Utf8JsonWriter json, ChoiceText choice)
    {
        if (_items.Count == 0)
        {
            var (text, calls) = _reader.Add(choice.Text, isLast: true);
            _text.Append(text);
            if (text.Length > 0 || calls.Count == 0)
                _items.Add(null);
            foreach (var call in calls)
                _items.Add(call);
        }
        for (var i = 0; i < _items.Count; i++)
        {
            if (_items[i] is { } call)
                WriteCallItem(json, call, i, "completed");
            else
                WriteItem(json, _text.ToString(), StatusOf(choice), isOpen: false);
        }
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
        // Written anew: a line's end between a client's own tokens would end an event's data.
        if (body.Has(property, out var value))
            value.WriteTo(json);
        else
            json.WriteRawValue(otherwise);
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
        json.WriteNumber("output_index"u8, _textIndex);
        if (!_calls)
            json.WriteNumber("content_index"u8, 0);
        return json;
    }

    Utf8JsonWriter Begin(SseStream stream, string kind)
    {
        var json = stream.Begin(Encoding.ASCII.GetBytes(kind));
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
