using System;
using System.Text;
using System.Text.Json;

namespace Plimsoll.Bench.Wire;

/// <summary>
/// Reads chunks of chat completions, completions and responses in one pass over their bytes. Nothing is
/// allocated but the text of an error. What is no chunk throws <see cref="JsonException"/> and nothing else.
/// </summary>
static class ChunkParser
{
    public static AnswerChunk Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            return Whole(json);
        }
        catch (InvalidOperationException e)
        {
            // A name that is no Unicode, or a token that stands where no grammar of a chunk has it.
            throw new JsonException("not a chunk", e);
        }
    }

    static AnswerChunk Whole(ReadOnlySpan<byte> json)
    {
        var chunk = new AnswerChunk();
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException("not an object");
        Object(ref reader, ref chunk);
        if (reader.Read())
            throw new JsonException("more than one value");
        return chunk;
    }

    /// <summary>The object itself, and inside an event of the responses API its <c>response</c>.</summary>
    static void Object(ref Utf8JsonReader reader, ref AnswerChunk chunk)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("choices"u8))
                Choices(ref reader, ref chunk);
            else if (reader.ValueTextEquals("usage"u8))
                Usage(ref reader, ref chunk);
            else if (reader.ValueTextEquals("error"u8))
                Error(ref reader, ref chunk);
            else if (reader.ValueTextEquals("type"u8))
                Type(ref reader, ref chunk);
            else if (reader.ValueTextEquals("delta"u8))
                chunk.HasText |= IsText(ref reader);
            else if (reader.ValueTextEquals("response"u8))
                Response(ref reader, ref chunk);
            else if (reader.ValueTextEquals("status"u8))
                Status(ref reader, ref chunk);
            else if (reader.ValueTextEquals("output"u8))
                chunk.HasText |= IsText(ref reader);
            else
                Skip(ref reader);
        }
    }

    static void Response(ref Utf8JsonReader reader, ref AnswerChunk chunk)
    {
        if (ReadStart(ref reader))
            Object(ref reader, ref chunk);
        else if (reader.TokenType != JsonTokenType.Null)
            throw new JsonException("a response that is no object");
    }

    static void Choices(ref Utf8JsonReader reader, ref AnswerChunk chunk)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.StartObject)
                Choice(ref reader, ref chunk);
            else
                reader.Skip();
        }
    }

    static void Choice(ref Utf8JsonReader reader, ref AnswerChunk chunk)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("delta"u8) || reader.ValueTextEquals("message"u8))
                Delta(ref reader, ref chunk);
            else if (reader.ValueTextEquals("text"u8))
                chunk.HasText |= IsText(ref reader);
            else if (reader.ValueTextEquals("finish_reason"u8))
                Finish(ref reader, ref chunk);
            else
                Skip(ref reader);
        }
    }

    /// <summary>Everything in a delta is answer but the role.</summary>
    static void Delta(ref Utf8JsonReader reader, ref AnswerChunk chunk)
    {
        if (!ReadStart(ref reader))
            return;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("role"u8))
                Skip(ref reader);
            else
                chunk.HasText |= IsText(ref reader);
        }
    }

    static void Usage(ref Utf8JsonReader reader, ref AnswerChunk chunk)
    {
        if (!ReadStart(ref reader))
            return;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("prompt_tokens"u8) || reader.ValueTextEquals("input_tokens"u8))
            {
                chunk.PromptTokens = Count(ref reader, ref chunk);
            }
            else if (reader.ValueTextEquals("completion_tokens"u8)
                || reader.ValueTextEquals("output_tokens"u8))
            {
                chunk.OutputTokens = Count(ref reader, ref chunk);
            }
            else
            {
                Details(ref reader, ref chunk);
            }
        }
    }

    static void Details(ref Utf8JsonReader reader, ref AnswerChunk chunk)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("cached_tokens"u8))
                chunk.CachedTokens = Count(ref reader, ref chunk);
            else if (reader.ValueTextEquals("reasoning_tokens"u8))
                chunk.ReasoningTokens = Count(ref reader, ref chunk);
            else
                Skip(ref reader);
        }
    }

    static void Finish(ref Utf8JsonReader reader, ref AnswerChunk chunk)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return;
        }
        chunk.Finish = reader.ValueTextEquals("stop"u8) ? FinishReason.Stop
            : reader.ValueTextEquals("length"u8) ? FinishReason.Length
            : reader.ValueTextEquals("tool_calls"u8) ? FinishReason.ToolCalls
            : FinishReason.Other;
    }

    /// <summary>The kind of an event of the responses API.</summary>
    static void Type(ref Utf8JsonReader reader, ref AnswerChunk chunk)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
        }
        else if (reader.ValueTextEquals("response.completed"u8)
            || reader.ValueTextEquals("response.incomplete"u8))
        {
            chunk.IsLast = true;
        }
        else if (reader.ValueTextEquals("response.failed"u8) || reader.ValueTextEquals("error"u8))
        {
            chunk.Error ??= "the endpoint gave up on the answer";
        }
    }

    static void Status(ref Utf8JsonReader reader, ref AnswerChunk chunk)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.String)
            reader.Skip();
        else if (reader.ValueTextEquals("completed"u8))
            chunk.Finish = FinishReason.Stop;
        else if (reader.ValueTextEquals("incomplete"u8))
            chunk.Finish = FinishReason.Length;
    }

    /// <summary>An error is an object with a message, or a text.</summary>
    static void Error(ref Utf8JsonReader reader, ref AnswerChunk chunk)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String)
            chunk.Error = Text(ref reader);
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }
        chunk.Error = "an error without a message";
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isMessage = reader.ValueTextEquals("message"u8);
            reader.Read();
            if (isMessage && reader.TokenType == JsonTokenType.String)
                chunk.Error = Text(ref reader);
            else
                reader.Skip();
        }
    }

    /// <summary>A text that need be no Unicode: half a pair of surrogates, no UTF-8.</summary>
    static string Text(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return Encoding.UTF8.GetString(reader.ValueSpan);
        }
    }

    /// <summary>Whether the value just ahead is text, or a list or an object with something in it.</summary>
    static bool IsText(ref Utf8JsonReader reader)
    {
        reader.Read();
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                return !reader.ValueSpan.IsEmpty;
            case JsonTokenType.StartArray or JsonTokenType.StartObject:
                var start = reader.BytesConsumed;
                reader.Skip();
                return reader.BytesConsumed > start + 1;
            default:
                return false;
        }
    }

    static int Count(ref Utf8JsonReader reader, ref AnswerChunk chunk)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var count) && count >= 0)
            return count;
        chunk.HasImpossibleCount |= reader.TokenType != JsonTokenType.Null;
        reader.Skip();
        return -1;
    }

    /// <summary>Reads the value ahead; true when it is an object, which is then open.</summary>
    static bool ReadStart(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartObject)
            return true;
        reader.Skip();
        return false;
    }

    static void Skip(ref Utf8JsonReader reader)
    {
        reader.Read();
        reader.Skip();
    }
}
