using System;
using System.Collections.Generic;
using System.Text.Json;
using Plimsoll.Bench.Results;
using Plimsoll.Inputs.Measured;

namespace Plimsoll.Bench.Text;

/// <summary>The flat figures of a result under vLLM's keys, whoever wrote them.</summary>
public static class ResultFigures
{
    public const string LoadLine = "load_line_requests_per_second";

    public const string Usd = "usd_per_million_tokens";

    /// <summary>Figures of a file with vLLM's keys; null when it has others.</summary>
    public static IReadOnlyDictionary<string, double>? Of(JsonElement root) =>
        root.Find("request_throughput") is { ValueKind: JsonValueKind.Number } ? Flat(root) : null;

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
            if (member.Value.ValueKind == JsonValueKind.Number && member.Value.TryGetDouble(out var value)
                && double.IsFinite(value))
            {
                figures[member.Name] = value;
            }
        }
        if (root.Find("plimsoll.money." + Usd + ".value") is { ValueKind: JsonValueKind.Number } usd)
            figures[Usd] = usd.GetDouble();
        if (root.Find("plimsoll.load_line.requests_per_second") is { ValueKind: JsonValueKind.Number } line)
            figures[LoadLine] = line.GetDouble();
        return figures;
    }
}
