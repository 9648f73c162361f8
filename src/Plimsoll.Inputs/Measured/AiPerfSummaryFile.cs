using System;
using System.Collections.Generic;
using System.Text.Json;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Inputs.Workloads.Traces;

namespace Plimsoll.Inputs.Measured;

/// <summary>
/// AIPerf's <c>profile_export_aiperf.json</c>: a block <c>{unit, avg, …}</c> per metric, and the run's own
/// settings in <c>input_config</c>. (ai-dynamo/aiperf, docs/reference/json-export-schema.md) Means of a
/// closed loop only: what arrivals a rate gave is in the records.
/// </summary>
static class AiPerfSummaryFile
{
    public static MeasuredInput Read(TraceSource source, Deployment deployment)
    {
        var file = source.Name;
        using var json = JsonFields.Document(source, "an AIPerf summary");
        var root = json.RootElement;
        var clients = new SortedSet<int>();
        if (root.Find("input_config") is { } config)
            Collect(config, clients);
        if (clients.Count != 1)
        {
            throw new BadInputException(
                $"{file}: input_config names {clients.Count} concurrencies; expected one, or "
                + $"profile_export.jsonl instead");
        }
        var requests = (long)root.Number("request_count.avg", file);
        var point = new MeasuredPoint
        {
            Concurrency = clients.Min,
            PromptTokens = Mean(root, "input_sequence_length", file),
            OutputTokens = Mean(root, "output_sequence_length", file),
            Requests = requests,
            TtftMs = TimeMs(root, "time_to_first_token", file),
            TpotMs = TimeMs(root, "inter_token_latency", file),
        };
        return new MeasuredInput
        {
            File = file,
            Form = "AIPerf summary",
            Units = "the unit that each metric names",
            Configurations = [point.Checked(file).On(deployment)],
            Used = requests,
        };
    }

    static int Mean(JsonElement root, string metric, string where) =>
        (int)Math.Round(root.Number($"{metric}.avg", where));

    static double TimeMs(JsonElement root, string metric, string where) =>
        root.Number($"{metric}.avg", where)
            * AiPerfRecordsFile.UnitNs(root.Text($"{metric}.unit"), $"{where}: {metric}") / 1e6;

    /// <summary>Every number that stands under the key <c>concurrency</c>, however deep.</summary>
    static void Collect(JsonElement element, SortedSet<int> clients)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in element.EnumerateArray())
                Collect(item, clients);
        }
        if (element.ValueKind != JsonValueKind.Object)
            return;
        foreach (var property in element.EnumerateObject())
        {
            if (property.NameEquals("concurrency") && property.Value.ValueKind == JsonValueKind.Number
                && property.Value.TryGetInt32(out var n))
            {
                clients.Add(n);
            }
            Collect(property.Value, clients);
        }
    }
}
