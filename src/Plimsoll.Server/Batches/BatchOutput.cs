using System;
using System.Buffers;
using System.Text;
using System.Text.Json;
using Plimsoll.Server.Api;
using Plimsoll.Server.Serving;
using Plimsoll.Server.Wire;

namespace Plimsoll.Server.Batches;

/// <summary>The lines of a batch's output and error files.</summary>
static class BatchOutput
{
    public static string Line(BatchLine line, string requestId, int status, ReadOnlySpan<byte> body)
    {
        var buffer = new ArrayBufferWriter<byte>(body.Length + 256);
        using (var writer = new Utf8JsonWriter(buffer, WireJson.Options))
        {
            Begin(writer, line, requestId);
            writer.WriteStartObject("response"u8);
            writer.WriteNumber("status_code"u8, status);
            writer.WriteString("request_id"u8, requestId);
            writer.WritePropertyName("body"u8);
            writer.WriteRawValue(body, skipInputValidation: true);
            writer.WriteEndObject();
            writer.WriteNull("error"u8);
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    public static string Failed(BatchLine line, string requestId, ApiException error)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, WireJson.Options))
            ErrorWriter.Write(writer, error);
        return Line(line, requestId, error.Status, buffer.WrittenSpan);
    }

    /// <summary>A line that was never run.</summary>
    public static string NotRun(BatchLine line, ApiException error)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, WireJson.Options))
        {
            Begin(writer, line, $"batch_req_{line.Number}");
            writer.WriteNull("response"u8);
            writer.WriteStartObject("error"u8);
            writer.WriteString("code"u8, error.Code);
            writer.WriteString("message"u8, error.Message);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    static void Begin(Utf8JsonWriter writer, BatchLine line, string requestId)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, requestId);
        writer.WriteString("custom_id"u8, line.CustomId);
    }
}
