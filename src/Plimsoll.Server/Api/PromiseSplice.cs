using System;
using System.Buffers;
using System.Text.Json;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Wire;

namespace Plimsoll.Server.Api;

/// <summary>
/// Says in an upstream's <c>usage</c> what became of the promise; everything else passes as it is.
/// </summary>
static class PromiseSplice
{
    /// <summary>
    /// Whether an event of a stream is the one that carries usage: without a choice, or with the response as
    /// it ended.
    /// </summary>
    public static bool IsUsageEvent(ReadOnlySpan<byte> sse) => sse.IndexOf("\"usage\":"u8) >= 0
        && (sse.IndexOf("\"choices\":[]"u8) >= 0 || sse.StartsWith("event: response.completed"u8)
            || sse.StartsWith("event: response.incomplete"u8));

    /// <summary>The answer, or event, with the promise; unchanged where it has no usage.</summary>
    public static ReadOnlyMemory<byte> Into(ReadOnlyMemory<byte> answer, RequestEntry entry)
    {
        var start = answer.Span.IndexOf((byte)'{');
        if (start < 0 || !TryFind(answer.Span[start..], out var from, out var to))
            return answer;
        var buffer = new ArrayBufferWriter<byte>(answer.Length + 256);
        buffer.Write(answer.Span[..(start + from)]);
        using (var json = new Utf8JsonWriter(buffer, WireJson.Options))
            WriteUsage(json, answer[(start + from)..(start + to)], entry);
        buffer.Write(answer.Span[(start + to)..]);
        return buffer.WrittenMemory;
    }

    static void WriteUsage(Utf8JsonWriter json, ReadOnlyMemory<byte> usage, RequestEntry entry)
    {
        using var document = JsonDocument.Parse(usage);
        json.WriteStartObject();
        foreach (var field in document.RootElement.EnumerateObject())
        {
            if (!field.NameEquals("promise"u8))
                field.WriteTo(json);
        }
        Usage.WritePromise(json, entry);
        json.WriteEndObject();
    }

    /// <summary>
    /// Where the object <c>usage</c> of an answer, or of the <c>response</c> in it, begins and ends.
    /// </summary>
    static bool TryFind(ReadOnlySpan<byte> answer, out int from, out int to)
    {
        (from, to) = (0, 0);
        var reader = new Utf8JsonReader(answer, isFinalBlock: false, state: default);
        try
        {
            return reader.Read() && TryFind(ref reader, out from, out to);
        }
        catch (JsonException)
        {
            // What is no JSON passes as it is.
            return false;
        }
    }

    static bool TryFind(ref Utf8JsonReader reader, out int from, out int to)
    {
        (from, to) = (0, 0);
        if (reader.TokenType != JsonTokenType.StartObject)
            return false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isUsage = reader.ValueTextEquals("usage"u8);
            var isResponse = reader.ValueTextEquals("response"u8);
            if (!reader.Read())
                return false;
            if (isResponse && reader.CurrentDepth == 1)
                return TryFind(ref reader, out from, out to);
            from = (int)reader.TokenStartIndex;
            var isObject = reader.TokenType == JsonTokenType.StartObject;
            if (!reader.TrySkip())
                return false;
            to = (int)reader.BytesConsumed;
            if (isUsage)
                return isObject;
        }
        return false;
    }
}
