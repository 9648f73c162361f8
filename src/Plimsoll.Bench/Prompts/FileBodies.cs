using System.Buffers;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Wire;
using Plimsoll.Core;

namespace Plimsoll.Bench.Prompts;

/// <summary>
/// The rows of a JSONL file, in order and again from the start: <c>{"prompt": …}</c>, <c>{"messages": …}</c>
/// or <c>{"input": …}</c>, with whatever else the interface takes: tools, <c>response_format</c>, pictures
/// by URL. A
/// row's <c>output_tokens</c> is what the interface calls the most tokens of an answer.
/// </summary>
public sealed class FileBodies : IBodySource
{
    const int MostRows = 1_000_000;
    const long MostBytes = 2L << 30;

    readonly List<byte[]> _rows = [];
    readonly BodyForm _form;

    FileBodies(BodyForm form)
    {
        _form = form;
    }

    public int Count => _rows.Count;

    public static FileBodies Read(string path, BodyForm form)
    {
        if (form.Levels.Count > 1)
        {
            throw new BadInputException("--dataset-path: holds one level's requests; expected a workload "
                + "per level instead");
        }
        var bodies = new FileBodies(form);
        if (!File.Exists(path))
        {
            throw new BadInputException($"--dataset-path {path}: no such file; expected "
                + $"JSONL, a request per line");
        }
        if (new FileInfo(path).Length > MostBytes)
            throw new BadInputException($"{path}: more than {MostBytes >> 30} GiB; expected a smaller file");
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            if (bodies._rows.Count == MostRows)
            {
                throw new BadInputException($"{path}, line {number}: more than "
                    + $"{MostRows} requests; expected fewer");
            }
            bodies._rows.Add(bodies.Row(line, $"{path}, line {number}"));
        }
        return bodies._rows.Count > 0 ? bodies
            : throw new BadInputException($"{path}: is empty; expected a request per line");
    }

    public RequestBody Build(in PlannedRequest request)
    {
        var row = _rows[(int)(request.Index % _rows.Count)];
        var buffer = ArrayPool<byte>.Shared.Rent(row.Length);
        row.CopyTo(buffer, 0);
        return new RequestBody(buffer, row.Length, _form.Levels[request.Level].ApiKey);
    }

    byte[] Row(string line, string where)
    {
        JsonObject? row;
        try
        {
            row = JsonNode.Parse(line) as JsonObject;
        }
        catch (JsonException)
        {
            row = null;
        }
        if (row is null)
        {
            throw new BadInputException($"{where}: is no JSON object; expected a request such as "
                + $"{{\"prompt\": \"…\"}}");
        }
        Shape(row, where);
        if (row.Remove("output_tokens", out var length))
            row.TryAdd(BodyTemplate.LengthMember(_form.Endpoint.Api), length);
        foreach (var (name, value) in BodyTemplate.Common(_form, _form.Levels[0]).ToList())
            row[name] = value?.DeepClone();
        return JsonSerializer.SerializeToUtf8Bytes(row, BodyJson.Default.JsonObject);
    }

    /// <summary>A prompt becomes what the interface takes.</summary>
    void Shape(JsonObject row, string where)
    {
        var wanted = _form.Endpoint.Api switch
        {
            ApiKind.Chat => "messages",
            ApiKind.Completions => "prompt",
            _ => "input",
        };
        if (row.ContainsKey(wanted))
            return;
        if (row["prompt"] is not JsonValue text || text.GetValueKind() != JsonValueKind.String)
        {
            throw new BadInputException($"{where}: has neither \"{wanted}\" nor a text \"prompt\"; "
                + $"expected one of them");
        }
        row.Remove("prompt");
        row[wanted] = _form.Endpoint.Api == ApiKind.Chat
            ? new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text.DeepClone() })
            : text.DeepClone();
    }
}
