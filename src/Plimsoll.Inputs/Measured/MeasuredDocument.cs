using System;
using System.Text.Json;
using Plimsoll.Core;
using Plimsoll.Inputs.Files;
using Plimsoll.Inputs.Workloads.Traces;

namespace Plimsoll.Inputs.Measured;

/// <summary>A measured file that is one JSON object, whatever wrote it.</summary>
public static class MeasuredDocument
{
    /// <summary>
    /// Null for what is none: lines of JSON, CSV. A device, a pipe or a file beyond
    /// <see cref="JsonFields.MostDocumentBytes"/> throws <see cref="BadInputException"/>.
    /// </summary>
    public static JsonDocument? TryRead(string path)
    {
        SpecialFile.Refuse(path, "the result of a benchmark");
        using var source = TraceSource.Open(path);
        if (source.Head().AsSpan().TrimStart("\uFEFF \t\r\n"u8) is not [(byte)'{', ..])
            return null;
        try
        {
            var json = JsonDocument.Parse(JsonFields.Bytes(source, "the result of a benchmark"));
            if (json.RootElement.ValueKind == JsonValueKind.Object)
                return json;
            json.Dispose();
            return null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
