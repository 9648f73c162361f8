using System;
using System.Collections.Generic;
using System.Linq;
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

    /// <param name="bounds">What the fleet did, and the ends of its interval.</param>
    /// <param name="tier">Of its step times.</param>
    /// <param name="options">What was simulated.</param>
    /// <param name="notes">What the figures rest on beyond the tier, one sentence each.</param>
    /// <param name="price">What the fleet is paid; null where that is not known.</param>
    /// <param name="drafts">Every number of drafts beside the chosen ones; null without drafts.</param>
    public static string Of(
        SimulationBounds bounds, Tier tier, SimulationOptions options, IReadOnlyList<string> notes,
        FleetPrice? price = null, IReadOnlyList<DraftPoint>? drafts = null)
    {
        var (result, levels) = (bounds.Run, options.Levels);
        var tenants = BatchTenant.Of(result, options);
        var document = new SimulationDocument(
            Schema, result.Requests, result.Completed, result.Failed, result.MakespanS,
            bounds.Latency(Metric.Ttft), bounds.Latency(Metric.Tpot), bounds.Latency(Metric.Itl),
            bounds.Latency(Metric.E2e), result.Goodput, result.OutputTokensPerSecond, result.Preemptions,
            result.PeakKvBlocks, result.PrefixHitRate, result.Steps, $"{result.PlanHash:x16}",
            tier.ToString().ToLowerInvariant(),
            LevelsOf(result, levels),
            new IntervalDocument(End(bounds, bounds.Low, r => r.Low), End(bounds, bounds.High, r => r.High)),
            notes)
        {
            Batch = result.Batch is { } batch
                ? new BatchDocument(
                    batch.OutputTokensPerSecond, batch.PromptTokensPerSecond, batch.LinesPerSecond,
                    batch.Lines, batch.Goodput, batch.LinesLeft, batch.LinesTooLong, batch.RecomputedTokens,
                    batch.Latencies!.Ttft.Summarise(), batch.Latencies.Tpot.Summarise(),
                    batch.Latencies.E2e.Summarise())
                {
                    Tenants = tenants.Count > 0 ? tenants : null,
                    Overloaded = batch.IsOverloaded,
                }
                : null,
            KvTiers = result.KvTiers,
            Cost = price is null ? null : CostOf(bounds, levels, price),
            Drafts = drafts,
            Rejected = result.Rejected,
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
                level.Latencies.Tpot.Summarise(), level.Latencies.E2e.Summarise())
            {
                ItlMs = level.Latencies.Itl.Summarise(),
                Rejected = level.Rejected,
                Relegated = level.Relegated,
                InputTokens = level.PromptTokens,
                OutputTokens = level.OutputTokens,
            };
        }
        return documents;
    }

    static CostDocument? CostOf(
        SimulationBounds bounds, IReadOnlyList<LevelPromise> levels, FleetPrice price)
    {
        if (price.Of(bounds.Run, levels) is not { } costs)
            return null;
        return new CostDocument(
            price.UsdPerAcceleratorHour, price.AsOf, price.Source, costs.UsdPerHour, costs.IdleUsdPerHour,
            [.. costs.Levels.Select((level, i) =>
            {
                var ends = bounds.Of(run => price.PerMillion(run, levels, i));
                return new LevelCostDocument(
                    level.Name, level.TokensPerSecond, level.Share, level.UsdPerHour,
                    level.UsdPerMillionTokens, ends?.Low, ends?.High, level.WithIdleUsdPerMillionTokens);
            })]);
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
    IntervalDocument Interval, IReadOnlyList<string> Notes)
{
    /// <summary>What batch work got beside the requests; absent when there was none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public BatchDocument? Batch { get; init; }

    /// <summary>Failed requests that were turned away; absent without any.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Rejected { get; init; }

    /// <summary>The bill by level; absent where no price is known or nothing could be shared.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public CostDocument? Cost { get; init; }

    /// <summary>Every number of drafts beside the chosen ones; absent without drafts.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<DraftPoint>? Drafts { get; init; }

    /// <summary>What the memories below the accelerators did; absent when there were none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<KvTierResult>? KvTiers { get; init; }
}

/// <summary>Goodput is the share of answered lines that kept the window.</summary>
sealed record BatchDocument(
    double OutputTokensPerSecond, double PromptTokensPerSecond, double LinesPerSecond, long Lines,
    double? Goodput, long LinesLeft, long LinesTooLong, long RecomputedTokens, LatencySummary TtftMs,
    LatencySummary TpotMs, LatencySummary E2eMs)
{
    /// <summary>Most tokens first; absent where the workload tells no tenants apart.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<BatchTenant>? Tenants { get; init; }

    /// <summary>
    /// Lines come faster than they are done; absent where they have no end, and where the run is too short to
    /// tell.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Overloaded { get; init; }
}

/// <summary>The measured requests of one level of service against its own limits.</summary>
sealed record LevelDocument(
    string Name, long Requests, double? Goodput, LatencySummary TtftMs, LatencySummary TpotMs,
    LatencySummary E2eMs)
{
    public required LatencySummary ItlMs { get; init; }

    /// <summary>Turned away on arrival; taken in as batch work.</summary>
    public required long Rejected { get; init; }

    public required long Relegated { get; init; }

    /// <summary>Of the measured requests.</summary>
    public required long InputTokens { get; init; }

    public required long OutputTokens { get; init; }
}

/// <summary>The bill of the fleet and whose it is; the levels and the idle time sum to it.</summary>
sealed record CostDocument(
    decimal UsdPerAcceleratorHour, string? AsOf, string Source, decimal UsdPerHour, decimal IdleUsdPerHour,
    IReadOnlyList<LevelCostDocument> Levels);

/// <summary>What a level used of the fleet's time; low and high are the 90 % interval.</summary>
sealed record LevelCostDocument(
    string Name, double TokensPerSecond, double Share, decimal UsdPerHour, decimal? UsdPerMillionTokens,
    double? Low, double? High, decimal? WithIdleUsdPerMillionTokens);

/// <summary>The 90 % interval of every figure that depends on how long steps take.</summary>
sealed record IntervalDocument(EndDocument Low, EndDocument High);

sealed record EndDocument(
    double? MakespanS, LatencySummary TtftMs, LatencySummary TpotMs, LatencySummary ItlMs,
    LatencySummary E2eMs,
    double? Goodput, double? OutputTokensPerSecond, double? Preemptions, double? PeakKvBlocks,
    double? PrefixHitRate);

[JsonSerializable(typeof(SimulationDocument))]
sealed partial class SimulationJsonContext : JsonSerializerContext;
