using System;
using System.Buffers;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Wire;
using Plimsoll.Core;
using Plimsoll.Inputs.Workloads.Traces;

namespace Plimsoll.Bench.Prompts;

/// <summary>
/// The rows of a JSONL file, in order and again from the start: <c>{"prompt": …}</c>, <c>{"messages": …}</c>
/// or <c>{"input": …}</c>, with whatever else the interface takes: tools, <c>response_format</c>, pictures
/// by URL. A row's <c>output_tokens</c> is what the interface calls the most tokens of an answer.
/// </summary>
public sealed class FileBodies : IBodySource
{
    const int MostRows = 1_000_000;
    const long MostBytes = 2L << 30;

    /// <summary>Bytes of a request: sixteen pictures of a few megabytes each.</summary>
    const int LongestLine = 1 << 26;

    readonly List<Row> _rows = [];
    readonly BodyForm _form;
    readonly SharedOpenings _openings = new();
    readonly long _first;

    /// <param name="Body">The JSON of the request; the prompt comes first in it.</param>
    /// <param name="PromptBytes">Of the body, up to the prompt's end.</param>
    /// <param name="OutputTokens">Most tokens of the answer; 0 where the row does not say.</param>
    readonly record struct Row(byte[] Body, int PromptBytes, int OutputTokens);

    FileBodies(BodyForm form, long first)
    {
        (_form, _first) = (form, first);
    }

    public int Count => _rows.Count;

    /// <param name="path">The file; a pipe will do.</param>
    /// <param name="form">What its rows become.</param>
    /// <param name="first">Rows that were sent before: the run goes on after them.</param>
    public static FileBodies Read(string path, BodyForm form, long first = 0)
    {
        if (form.Levels.Count > 1)
        {
            throw new BadInputException($"{Setting.DatasetPath}", "holds one level's requests",
                "a workload per level instead");
        }
        var bodies = new FileBodies(form, first);
        if (!File.Exists(path))
        {
            throw new BadInputException(
                $"{Setting.DatasetPath} {path}", "no such file", "JSONL, a request per line");
        }
        using var source = TraceSource.Open(path);
        var lines = new JsonLines(source, LongestLine);
        long bytes = 0;
        while (lines.Next(out var line))
        {
            bytes += line.Length;
            if (bytes > MostBytes)
                throw source.Error($"more than {MostBytes >> 30} GiB; expected a smaller file");
            if (bodies._rows.Count == MostRows)
                throw source.Error($"more than {MostRows} requests; expected fewer");
            bodies._rows.Add(bodies.Read(line, source.Place));
        }
        return bodies._rows.Count > 0 ? bodies
            : throw new BadInputException($"{path}: is empty; expected a request per line");
    }

    public RequestBody Build(in PlannedRequest request)
    {
        var row = _rows[(int)((Math.Max(0, request.Index) + _first) % _rows.Count)];
        var buffer = ArrayPool<byte>.Shared.Rent(row.Body.Length);
        row.Body.CopyTo(buffer, 0);
        return new RequestBody(buffer, row.Body.Length, _form.Levels[request.Level].ApiKey)
        {
            OutputTokens = row.OutputTokens,
            SharedShare = _openings.Of(row.Body.AsSpan(0, row.PromptBytes)),
        };
    }

    Row Read(ReadOnlySpan<byte> line, string where)
    {
        var row = Parse(line);
        if (row is null)
        {
            throw new BadInputException($"{where}: is no JSON object; expected a request such as "
                + $"{{\"prompt\": \"…\"}}");
        }
        var wanted = Shape(row, where);
        if (row.Remove("output_tokens", out var length))
            row.TryAdd(BodyTemplate.LengthMember(_form.Endpoint.Api), length);
        foreach (var (name, value) in BodyTemplate.Common(_form, _form.Levels[0]).ToList())
            row[name] = value?.DeepClone();
        row.Remove(wanted, out var prompt);
        row.Insert(0, wanted, prompt);
        var body = Written(row) ?? throw new BadInputException($"{where}: has half a character in a text (a "
            + "lone surrogate, \\ud800 to \\udfff); expected Unicode");
        var most = row[BodyTemplate.LengthMember(_form.Endpoint.Api)] ?? row["max_tokens"];
        return new Row(body, PromptEnd(body), most is JsonValue tokens
            && tokens.TryGetValue(out int output) && output > 0 ? output : 0);
    }

    /// <summary>Null for what is no JSON object, or has one member twice.</summary>
    static JsonObject? Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            var row = JsonNode.Parse(line) as JsonObject;
            // Members are looked at only now.
            _ = row?.Count;
            return row;
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Null where a text is no Unicode, which shows only when it is written.</summary>
    static byte[]? Written(JsonObject row)
    {
        try
        {
            return JsonSerializer.SerializeToUtf8Bytes(row, BodyJson.Default.JsonObject);
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Where the first member's value ends.</summary>
    static int PromptEnd(byte[] body)
    {
        var reader = new Utf8JsonReader(body);
        reader.Read();
        reader.Read();
        reader.Read();
        reader.Skip();
        return (int)reader.BytesConsumed;
    }

    /// <summary>A prompt becomes what the interface takes, under the name that is returned.</summary>
    string Shape(JsonObject row, string where)
    {
        var wanted = BodyTemplate.PromptMember(_form.Endpoint.Api);
        if (row.ContainsKey(wanted))
            return wanted;
        if (row["prompt"] is not JsonValue text || text.GetValueKind() != JsonValueKind.String)
        {
            throw new BadInputException($"{where}: has neither \"{wanted}\" nor a text \"prompt\"; "
                + $"expected one of them");
        }
        row.Remove("prompt");
        row[wanted] = _form.Endpoint.Api == ApiKind.Chat
            ? new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text.DeepClone() })
            : text.DeepClone();
        return wanted;
    }
}
