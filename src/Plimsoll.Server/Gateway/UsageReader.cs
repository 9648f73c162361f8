using System;
using System.Text.Json;

namespace Plimsoll.Server.Gateway;

/// <summary>Tokens that an answer says it had, of itself or of the <c>response</c> inside it.</summary>
readonly record struct UpstreamUsage(int PromptTokens, int CachedTokens, int OutputTokens);

/// <summary>
/// Reads <c>usage</c> out of an answer in one pass that keeps nothing. Chat calls tokens prompt and
/// completion, Responses input and output, and so their details. What is no count counts as none.
/// </summary>
ref struct UsageReader
{
    int? _prompt;
    int? _completion;
    int? _input;
    int? _output;
    int _cachedPrompt;
    int _cachedInput;

    /// <summary>False when the object that an answer begins with has none, or does not end.</summary>
    /// <param name="isObject">Whether the answer is one JSON object and nothing else.</param>
    public static bool TryRead(ReadOnlySpan<byte> json, out UpstreamUsage usage, out bool isObject)
    {
        UpstreamUsage? found = null;
        var reader = new Utf8JsonReader(json);
        try
        {
            found = OfAnswer(ref reader);
            isObject = reader.TokenType == JsonTokenType.EndObject && !reader.Read();
        }
        catch (JsonException)
        {
            isObject = false;
        }
        usage = found.GetValueOrDefault();
        return found is not null;
    }

    static UpstreamUsage? OfAnswer(ref Utf8JsonReader reader)
    {
        UpstreamUsage? found = null, inResponse = null;
        var hasResponse = false;
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("usage"u8))
                found = Usage(ref reader);
            else if (reader.ValueTextEquals("response"u8))
                (hasResponse, inResponse) = (true, OfResponse(ref reader));
            else
                reader.Skip();
        }
        return hasResponse ? inResponse : found;
    }

    static UpstreamUsage? OfResponse(ref Utf8JsonReader reader)
    {
        UpstreamUsage? found = null;
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("usage"u8))
                found = Usage(ref reader);
            else
                reader.Skip();
        }
        return found;
    }

    static UpstreamUsage? Usage(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }
        var read = new UsageReader();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            read.Field(ref reader);
        var (prompt, output, cached) = read._input is { } input
            ? (input, read._output, read._cachedInput)
            : (read._prompt ?? 0, read._completion, read._cachedPrompt);
        return new UpstreamUsage(prompt, Math.Min(prompt, cached), output ?? 0);
    }

    void Field(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("prompt_tokens"u8))
            _prompt = Count(ref reader);
        else if (reader.ValueTextEquals("completion_tokens"u8))
            _completion = Count(ref reader);
        else if (reader.ValueTextEquals("input_tokens"u8))
            _input = Count(ref reader);
        else if (reader.ValueTextEquals("output_tokens"u8))
            _output = Count(ref reader);
        else if (reader.ValueTextEquals("prompt_tokens_details"u8))
            _cachedPrompt = Cached(ref reader);
        else if (reader.ValueTextEquals("input_tokens_details"u8))
            _cachedInput = Cached(ref reader);
        else
            reader.Skip();
    }

    static int Cached(ref Utf8JsonReader reader)
    {
        var cached = 0;
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return 0;
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("cached_tokens"u8))
                cached = Count(ref reader);
            else
                reader.Skip();
        }
        return cached;
    }

    static int Count(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var count) && count >= 0)
            return count;
        reader.Skip();
        return 0;
    }
}
