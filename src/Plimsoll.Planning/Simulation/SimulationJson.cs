using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Plimsoll.Core.Measures;

namespace Plimsoll.Planning.Simulation;

/// <summary>A simulation as JSON of the schema published in <c>docs/reference/simulate.schema.json</c>.</summary>
public static class SimulationJson
{
    public const string Schema = "plimsoll/simulate/1";

    public static string Of(SimulationResult result)
    {
        var latencies = result.Latencies;
        var document = new SimulationDocument(
            Schema, result.Requests, result.Completed, result.Failed, result.MakespanS,
            latencies.Ttft.Summarise(), latencies.Tpot.Summarise(), latencies.Itl.Summarise(),
            latencies.E2e.Summarise(), result.Goodput, result.OutputTokensPerSecond, result.Preemptions,
            result.PeakKvBlocks, result.PrefixHitRate, result.Steps, $"{result.PlanHash:x16}");
        var context = new SimulationJsonContext(new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            WriteIndented = true,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        });
        return JsonSerializer.Serialize(document, context.SimulationDocument) + "\n";
    }
}

sealed record SimulationDocument(
    string Schema, long Requests, long Completed, long Failed, double MakespanS,
    LatencySummary TtftMs, LatencySummary TpotMs, LatencySummary ItlMs, LatencySummary E2eMs,
    double? Goodput, double OutputTokensPerSecond, long Preemptions, int PeakKvBlocks, double? PrefixHitRate,
    long Steps, string PlanHash);

[JsonSerializable(typeof(SimulationDocument))]
sealed partial class SimulationJsonContext : JsonSerializerContext;
