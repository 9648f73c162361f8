using System.Collections.Generic;
using Plimsoll.Core.Measures;

namespace Plimsoll.Core.Accounts;

/// <summary>What a token costs on a named deployment at a promised latency, and why.</summary>
public sealed record AccountResult
{
    public required Statement Statement { get; init; }

    public required IReadOnlyList<ClassAccount> Classes { get; init; }

    /// <summary>Interactive cost per token over batch cost per token; null when either is missing.</summary>
    public required double? InteractiveOverBatch { get; init; }

    /// <summary>How sure that ratio is, and what it is made of.</summary>
    public required RatioStatement Ratio { get; init; }

    /// <summary>
    /// Batch work in the idle time of the interactive fleet; null where none was asked for.
    /// </summary>
    public BackfillStatement? Backfill { get; init; }
}

/// <summary>What is served, on what, at which price of which day.</summary>
public sealed record Statement(
    string Model, DeploymentStatement Deployment, string Workload, PriceStatement Price);

public sealed record DeploymentStatement(
    string Gpu, int Tp, int Pp, int Ep, int Dp, string Weights, string Kv, string Engine, string Policy);

/// <summary>The price of an accelerator-hour; undated when the user gave the amount.</summary>
public sealed record PriceStatement(double UsdPerGpuHour, string ProviderType, string? AsOf, string Source)
{
    /// <summary>Where the amount comes from, for people: <c>index, as of 2026-08-21</c>.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string Origin => AsOf is null ? "as given" : $"{ProviderType}, as of {AsOf}";
}

/// <summary>One class of work: its promise, its load line, its fleet, its cost.</summary>
public sealed record ClassAccount
{
    /// <summary><c>interactive</c> or <c>batch</c>.</summary>
    public required string Class { get; init; }

    public required IReadOnlyList<PromiseStatement> Promise { get; init; }

    public required LoadLine LoadLine { get; init; }

    public required FleetStatement Fleet { get; init; }

    /// <summary>Mean demand over what the fleet could carry at its load line, 0 to 1.</summary>
    public required double Utilisation { get; init; }

    public required CostStatement Cost { get; init; }

    /// <summary>
    /// The same bill with what full batches would cost apart from what idle and underfilled time costs.
    /// </summary>
    public required WorkStatement WithoutIdle { get; init; }

    public required Interval Interval { get; init; }

    /// <summary><c>datasheet</c>, <c>kernels</c> or <c>fitted</c>.</summary>
    public required string Tier { get; init; }

    /// <summary>Bars in order; they sum to <see cref="CostStatement.UsdPerMillionTokens"/> exactly.</summary>
    public required IReadOnlyList<WaterfallBar> Waterfall { get; init; }

    public required LatencyStatement Latency { get; init; }

    /// <summary>90 % interval of every figure above, the waterfall's middle bars aside.</summary>
    public required ClassBounds Bounds { get; init; }
}

public sealed record ClassBounds(ClassEnd Low, ClassEnd High);

/// <summary>
/// One end of the intervals, figure by figure: the low end holds the lowest load line beside the lowest cost.
/// Null where the promise cannot be kept at all with steps as slow as the tier's error allows.
/// </summary>
public sealed record ClassEnd(
    double LoadLineRequestsPerSecond, int? Replicas, double? UsdPerHour, double? Utilisation,
    CostStatement? Cost,
    LatencyStatement Latency);

/// <summary>A limit, and whose it is where the workload tells levels of service apart.</summary>
public sealed record PromiseStatement(
    string Metric, double Percentile, double LimitMs,
    [property: System.Text.Json.Serialization.JsonIgnore(
        Condition =
            System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)] string? Level = null);

/// <summary>
/// The highest rate of one replica at which every limit holds, and the limit that binds there.
/// </summary>
/// <param name="RequestsPerSecond">The mean over independent streams of requests.</param>
/// <param name="StandardError">Of that mean, from sampling; null where it is not known.</param>
/// <param name="BindingLimit">As a promise states it, or <c>throughput</c>.</param>
public sealed record LoadLine(double RequestsPerSecond, double? StandardError, string BindingLimit);

public sealed record FleetStatement(int Replicas, int Accelerators, double UsdPerHour);

public sealed record CostStatement(
    decimal UsdPerMillionTokens,
    decimal UsdPerMillionInputTokens,
    decimal? UsdPerMillionCachedInputTokens,
    decimal UsdPerMillionOutputTokens,
    decimal UsdPerRequest);

/// <summary>
/// Low and high of <see cref="CostStatement.UsdPerMillionTokens"/> from the tier's error. No high means that
/// the promise cannot be kept at all if steps are as slow as the tier's error allows.
/// </summary>
public sealed record Interval(decimal Low, decimal? High);

public sealed record WaterfallBar(string Step, decimal UsdPerMillionTokens);

public sealed record LatencyStatement(
    LatencySummary TtftMs, LatencySummary TpotMs, LatencySummary ItlMs, LatencySummary E2eMs);

/// <summary>Interactive cost per token over batch cost per token.</summary>
/// <param name="Value">Of the two fleets as they are sized.</param>
/// <param name="Low">Low end of nine tenths of joint draws, both fleets sized with the same draw.</param>
/// <param name="High">High end; null where too many draws cannot keep the promise.</param>
/// <param name="WithoutRounding">With fractions of replicas and no spares.</param>
/// <param name="TtftAlone">With the limits of TTFT alone promised; null where no other
/// limit is promised.</param>
/// <param name="TpotAlone">With the limits of TPOT alone promised; null where no other
/// limit is promised.</param>
public sealed record RatioStatement(
    double Value, double Low, double? High, double WithoutRounding, double? TtftAlone, double? TpotAlone);

/// <summary>
/// Prices of tokens in full batches, and what a million tokens pay beside them for time that
/// is idle or not full.
/// </summary>
public sealed record WorkStatement(
    decimal UsdPerMillionInputTokens, decimal? UsdPerMillionCachedInputTokens,
        decimal UsdPerMillionOutputTokens,
    decimal IdleUsdPerMillionTokens);
