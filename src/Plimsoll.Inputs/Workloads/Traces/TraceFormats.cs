using System;
using System.Collections.Generic;
using System.Text;
using System.Text.Json;
using Plimsoll.Core;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>Tells a trace's format by what its first bytes say, and opens the reader of it.</summary>
static class TraceFormats
{
    const string Delimiters = ",\t;|";

    /// <summary>One line per format, for the error that lists what is supported.</summary>
    static readonly BadInputText Supported =
        $"Mooncake JSONL, Azure CSV, BurstGPT CSV, Weka session JSON, Bailian JSONL, OpenAI batch JSONL, "
        + $"vLLM request JSONL, lengths CSV (num_prefill_tokens,num_decode_tokens), or any log with "
        + $"{Setting.ColumnMap} time=COLUMN:s,input=COLUMN,output=COLUMN";

    public static TraceReader Open(string path, TraceOptions options) =>
        Open(TraceSource.Open(path), options);

    /// <summary>Takes the source over.</summary>
    public static TraceReader Open(TraceSource source, TraceOptions options)
    {
        if (options.BlockTokens is <= 0 or > 1 << 20)
            throw new BadInputException($"block size {options.BlockTokens}; expected 1 to {1 << 20} tokens");
        try
        {
            var head = source.Head();
            var json = IsJson(head);
            TraceReader reader = options.Map is not { } map
                ? Reader(json ? OfJson(head, source.Name) : OfCsv(head, source.Name), source, options)
                : json ? new MappedJsonReader(source, map) : new MappedCsvReader(source, map);
            reader.Timestamps = options.Timestamps;
            return reader;
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    static TraceReader Reader(TraceFormat format, TraceSource source, TraceOptions options) => format switch
    {
        TraceFormat.Mooncake => new MooncakeReader(source, options.BlockTokens ?? 512),
        TraceFormat.Bailian => new BailianReader(source, options.BlockTokens ?? 16),
        TraceFormat.Weka => new WekaReader(source, options.BlockTokens),
        TraceFormat.OpenAiBatch => new OpenAiBatchReader(source),
        TraceFormat.VllmRequests => new VllmRequestsReader(source),
        TraceFormat.Azure => new AzureReader(source),
        TraceFormat.BurstGpt => new BurstGptReader(source),
        _ => new LengthsReader(source),
    };

    /// <summary>The first bytes of a file, unpacked; a file of blanks is an error.</summary>
    public static byte[] Head(string path)
    {
        using var source = TraceSource.Open(path);
        return source.Head();
    }

    public static bool IsJson(byte[] head) =>
        head.AsSpan().IndexOfAnyExcept(" \t\r\n\uFEFF"u8) is >= 0 and var first
        && head[first] is (byte)'{' or (byte)'[';

    static TraceFormat OfJson(byte[] head, string path)
    {
        var fields = Fields(head);
        if (fields.Contains("requests") || (fields.Contains("block_size") && fields.Contains("models")))
            return TraceFormat.Weka;
        if (fields.Contains("custom_id"))
            return TraceFormat.OpenAiBatch;
        if (fields.Contains("chat_id") && fields.Contains("input_length"))
            return TraceFormat.Bailian;
        if (fields.Contains("input_toks"))
            return TraceFormat.VllmRequests;
        if (fields.Contains("input_length") || fields.Contains("input_tokens"))
            return TraceFormat.Mooncake;
        var found = fields.Count == 0 ? "no JSON field can be read" : "fields " + string.Join(", ", fields);
        throw new BadInputException($"{path}, line 1", $"unknown trace format ({found})", Supported);
    }

    /// <summary>The first object's own field names, as many as the head of the file holds.</summary>
    public static SortedSet<string> Fields(byte[] head)
    {
        var fields = new SortedSet<string>(StringComparer.Ordinal);
        var start = head.AsSpan().IndexOf((byte)'{');
        if (start < 0)
            return fields;
        var json = new Utf8JsonReader(head.AsSpan(start), isFinalBlock: false, state: default);
        try
        {
            while (json.Read() && !(json.TokenType == JsonTokenType.EndObject && json.CurrentDepth == 0))
            {
                if (json.TokenType == JsonTokenType.PropertyName && json.CurrentDepth == 1)
                    fields.Add(json.GetString()!);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // What was read before the damage may still tell the format, whose reader then names the line.
        }
        return fields;
    }

    static TraceFormat OfCsv(byte[] head, string path)
    {
        var text = Encoding.UTF8.GetString(head).TrimStart('\uFEFF');
        var end = text.IndexOf('\n');
        var header = (end < 0 ? text : text[..end]).Trim();
        var delimiter = header.AsSpan().IndexOfAny(Delimiters) is >= 0 and var at ? header[at] : ',';
        var columns = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var column in header.Split(delimiter))
            columns.Add(column.Trim().Trim('"').Trim());
        if (columns.IsSupersetOf(["TIMESTAMP", "ContextTokens", "GeneratedTokens"]))
            return TraceFormat.Azure;
        if (columns.IsSupersetOf(["Timestamp", "Request tokens", "Response tokens"]))
            return TraceFormat.BurstGpt;
        if (columns.IsSupersetOf(["num_prefill_tokens", "num_decode_tokens"]))
            return TraceFormat.Lengths;
        var shown = header.Length > 120 ? header[..120] + "…" : header;
        shown = string.Concat(System.Linq.Enumerable.Select(shown, c => char.IsControl(c) ? '?' : c));
        throw new BadInputException(
            $"{path}, line 1", $"unknown trace format (header \"{shown}\")", Supported);
    }
}
