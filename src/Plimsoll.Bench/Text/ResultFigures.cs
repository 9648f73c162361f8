using System;
using System.Collections.Generic;
using System.IO;
using System.Text.Json;
using Plimsoll.Bench.Results;
using Plimsoll.Core;

namespace Plimsoll.Bench.Text;

/// <summary>The flat figures of a result under vLLM's keys, whoever wrote them.</summary>
public static class ResultFigures
{
    const long MostBytes = 4L << 30;

    /// <summary>Figures of a file with vLLM's keys; null when it has others.</summary>
    public static IReadOnlyDictionary<string, double>? TryRead(string path)
    {
        if (!File.Exists(path))
            throw new BadInputException($"{path}: no such file; expected the result of a benchmark");
        if (new FileInfo(path).Length > MostBytes)
        {
            throw new BadInputException($"{path}: more than {MostBytes >> 30} GiB; "
                + $"expected a smaller result");
        }
        try
        {
            using var file = File.OpenRead(path);
            using var json = JsonDocument.Parse(file);
            return json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("request_throughput", out _) ? Flat(json.RootElement)
                    : null;
        }
        catch (JsonException)
        {
            // Not one JSON document: JSON lines, or packed.
            return null;
        }
    }

    public static IReadOnlyDictionary<string, double> Of(BenchResult result)
    {
        using var json = JsonDocument.Parse(VllmJson.Text(result));
        return Flat(json.RootElement);
    }

    static Dictionary<string, double> Flat(JsonElement root)
    {
        var figures = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var member in root.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.Number)
                figures[member.Name] = member.Value.GetDouble();
        }
        if (root.TryGetProperty("plimsoll", out var ours) && ours.TryGetProperty("money", out var money)
            && money.TryGetProperty("usd_per_million_tokens", out var usd)
                && usd.ValueKind == JsonValueKind.Object)
        {
            figures["usd_per_million_tokens"] = usd.GetProperty("value").GetDouble();
        }
        return figures;
    }
}
