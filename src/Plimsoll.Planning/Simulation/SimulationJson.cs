using System;
using System.Collections.Generic;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Timing;
using Plimsoll.Planning.Simulation.Tiers;

namespace Plimsoll.Planning.Simulation;

/// <summary>
/// A simulation as JSON of the schema published in <c>docs/reference/simulate.schema.json</c>.
/// </summary>
public static class SimulationJson
{
    public const string Schema = "plimsoll/simulate/1";

    public static string Of(SimulationBounds bounds, Tier tier, IReadOnlyList<LevelPromise> levels)
    {
        var result = bounds.Run;
        var document = new SimulationDocument(
            Schema, result.Requests, result.Completed, result.Failed, result.MakespanS,
            bounds.Latency(Metric.Ttft), bounds.Latency(Metric.Tpot), bounds.Latency(Metric.Itl),
            bounds.Latency(Metric.E2e), result.Goodput, result.OutputTokensPerSecond, result.Preemptions,
            result.PeakKvBlocks, result.PrefixHitRate, result.Steps, $"{result.PlanHash:x16}",
            tier.ToString().ToLowerInvariant(),
            LevelsOf(result, levels),
            new IntervalDocument(End(bounds, bounds.Low, r => r.Low), End(bounds, bounds.High, r => r.High)))
        {
            Batch = result.Batch is { } batch
                ? new BatchDocument(
                    batch.OutputTokensPerSecond, batch.PromptTokensPerSecond, batch.LinesPerSecond,
                    batch.Lines, batch.Goodput, batch.LinesLeft, batch.RecomputedTokens,
                    batch.Latencies!.Ttft.Summarise(), batch.Latencies.Tpot.Summarise(),
                    batch.Latencies.E2e.Summarise())
                : null,
            KvTiers = result.KvTiers,
        };
        var context = new SimulationJsonContext(new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            WriteIndented = true,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        });
        return JsonSerializer.Serialize(document, context.SimulationDocument) + "\n";
    }

    /// <summary>Null where there is one level only, whose figures are the run's.</summary>
    static LevelDocument[]? LevelsOf(SimulationResult result, IReadOnlyList<LevelPromise> levels)
    {
        if (levels.Count < 2)
            return null;
        var documents = new LevelDocument[levels.Count];
        for (var i = 0; i < documents.Length; i++)
        {
            var level = result.Levels[i];
            documents[i] = new LevelDocument(
                levels[i].Spec.Name, level.Measured, level.Goodput, level.Latencies.Ttft.Summarise(),
                level.Latencies.Tpot.Summarise(), level.Latencies.E2e.Summarise());
        }
        return documents;
    }

    static EndDocument End(
        SimulationBounds bounds, Func<Metric, LatencySummary> latency,
        Func<(double Low, double High), double> end)
    {
        return new EndDocument(
            Figure(r => r.MakespanS), latency(Metric.Ttft), latency(Metric.Tpot), latency(Metric.Itl),
            latency(Metric.E2e), Figure(r => r.Goodput), Figure(r => r.OutputTokensPerSecond),
            Figure(r => r.Preemptions), Figure(r => r.PeakKvBlocks), Figure(r => r.PrefixHitRate));

        double? Figure(Func<SimulationResult, double?> figure) =>
            bounds.Of(figure) is { } range ? end(range) : null;
    }
}

sealed record SimulationDocument(
    string Schema, long Requests, long Completed, long Failed, double MakespanS,
    LatencySummary TtftMs, LatencySummary TpotMs, LatencySummary ItlMs, LatencySummary E2eMs,
    double? Goodput, double OutputTokensPerSecond, long Preemptions, int PeakKvBlocks, double? PrefixHitRate,
    long Steps, string PlanHash, string Tier,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] LevelDocument[]? Levels,
    IntervalDocument Interval)
{
    /// <summary>What batch work got beside the requests; absent when there was none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public BatchDocument? Batch { get; init; }

    /// <summary>What the memories below the accelerators did; absent when there were none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<KvTierResult>? KvTiers { get; init; }
}

/// <summary>Goodput is the share of answered lines that kept the window.</summary>
sealed record BatchDocument(
    double OutputTokensPerSecond, double PromptTokensPerSecond, double LinesPerSecond, long Lines,
    double? Goodput, long LinesLeft, long RecomputedTokens, LatencySummary TtftMs, LatencySummary TpotMs,
    LatencySummary E2eMs);

/// <summary>The measured requests of one level of service against its own limits.</summary>
sealed record LevelDocument(
    string Name, long Requests, double? Goodput, LatencySummary TtftMs, LatencySummary TpotMs,
        LatencySummary E2eMs);

/// <summary>The 90 % interval of every figure that depends on how long steps take.</summary>
sealed record IntervalDocument(EndDocument Low, EndDocument High);

sealed record EndDocument(
    double? MakespanS, LatencySummary TtftMs, LatencySummary TpotMs, LatencySummary ItlMs,
    LatencySummary E2eMs,
    double? Goodput, double? OutputTokensPerSecond, double? Preemptions, double? PeakKvBlocks,
    double? PrefixHitRate);

[JsonSerializable(typeof(SimulationDocument))]
sealed partial class SimulationJsonContext : JsonSerializerContext;
