using System;
using System.Collections.Generic;
using System.IO;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Server.Serving;
using Plimsoll.Server.Wire;

namespace Plimsoll.Server.Batches;

/// <summary>Reads and checks a batch's input file line by line, in memory of one line.</summary>
static class BatchInput
{
    public const int MostLines = 50_000;
    const int MostErrors = 100;
    const int MostLineBytes = 8 << 20;

    /// <summary>A fault of the input; <see cref="Line"/> counts from 1, 0 for the file.</summary>
    public readonly record struct Fault(string Code, string Message, string? Parameter, long Line);

    public static async Task<(List<BatchLine> Lines, List<Fault> Faults)> ReadAsync(
        Stream file, string endpoint, Func<string, bool> knowsModel, CancellationToken cancellation)
    {
        var lines = new List<BatchLine>();
        var faults = new List<Fault>();
        var customIds = new HashSet<string>(StringComparer.Ordinal);
        var buffer = new byte[64 * 1024];
        int held = 0, read;
        long start = 0, number = 0;
        while (faults.Count < MostErrors)
        {
            read = await file.ReadAsync(buffer.AsMemory(held), cancellation);
            var end = held + read;
            var at = 0;
            int length;
            while ((length = buffer.AsSpan(at, end - at).IndexOf((byte)'\n')) >= 0 || (read == 0 && end > at))
            {
                length = length < 0 ? end - at : length;
                Check(buffer.AsMemory(at, length), start
                    + at, ++number, endpoint, knowsModel, customIds, lines, faults);
                at = Math.Min(end, at + length + 1);
            }
            if (lines.Count > MostLines)
            {
                faults.Add(new Fault("too_many_tasks", $"The file has more than {MostLines} requests.", null,
                    0));
                break;
            }
            buffer.AsSpan(at, end - at).CopyTo(buffer);
            held = end - at;
            start += at;
            if (read == 0)
                break;
            if (held == buffer.Length)
            {
                if (held >= MostLineBytes)
                {
                    faults.Add(new Fault("line_too_long", $"A line is longer than {MostLineBytes} bytes.",
                        null, number + 1));
                    break;
                }
                Array.Resize(ref buffer, 2 * buffer.Length);
            }
        }
        if (lines.Count == 0 && faults.Count == 0)
        {
            faults.Add(new Fault("empty_file", "The input file is empty. Expected one request per line.",
                null, 0));
        }
        return (lines, faults);
    }

    static void Check(
        ReadOnlyMemory<byte> line, long start, long number, string endpoint, Func<string, bool> knowsModel,
        HashSet<string> customIds, List<BatchLine> lines, List<Fault> faults)
    {
        if (line.Span.Trim(" \t\r"u8).IsEmpty)
            return;
        try
        {
            using var document = JsonBody.Parse(line);
            var root = document.RootElement;
            var customId = root.Required("custom_id");
            if (customId.Contains('\0'))
                throw ApiException.Bad("custom_id has a NUL character.", "custom_id", "invalid_value");
            if (!customIds.Add(customId))
            {
                throw ApiException.Bad($"custom_id {customId} is there twice.", "custom_id",
                    "duplicate_custom_id");
            }
            if (root.Required("method") != "POST")
                throw ApiException.Bad("Expected the method POST.", "method", "invalid_method");
            if (root.Required("url") != endpoint)
            {
                throw ApiException.Bad($"The url differs from the batch's endpoint {endpoint}.", "url",
                    "mismatched_endpoint");
            }
            var body = root.Object("body")
                ?? throw ApiException.Bad("Missing required parameter: 'body'.", "body",
                    "missing_required_parameter");
            if (body.Flag("stream"))
                throw ApiException.Bad("Lines of a batch are not streamed.", "body.stream", "invalid_value");
            var model = body.Required("model");
            if (!knowsModel(model))
            {
                throw ApiException.Bad($"The model `{model}` does not exist.", "body.model",
                    "model_not_found");
            }
            lines.Add(new BatchLine(number, start, line.Length, customId));
        }
        catch (ApiException fault)
        {
            faults.Add(new Fault(fault.Code ?? "invalid_json_line", fault.Message, fault.Parameter, number));
        }
    }

    /// <summary>The faults as the batch's <c>errors.data</c>.</summary>
    public static string Json(IReadOnlyList<Fault> faults)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, WireJson.Options))
        {
            writer.WriteStartArray();
            foreach (var fault in faults)
            {
                writer.WriteStartObject();
                writer.WriteString("code"u8, fault.Code);
                writer.WriteString("message"u8, fault.Message);
                writer.WriteString("param"u8, fault.Parameter);
                if (fault.Line > 0)
                    writer.WriteNumber("line"u8, fault.Line);
                else
                    writer.WriteNull("line"u8);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        }
        return System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
