using System.Collections.Generic;
using Plimsoll.Core.Measures;
using Plimsoll.Planning.Accounts;

namespace Plimsoll.Planning.Reports;

/// <summary>Everything the account report shows. The report computes no cost: it draws what is here.</summary>
public sealed record ReportModel
{
    public required AccountResult Account { get; init; }

    /// <summary>The command line that reproduces the report.</summary>
    public required string Command { get; init; }

    public required string Version { get; init; }

    public required IReadOnlyList<ReportParameter> Parameters { get; init; }

    /// <summary>Caveats, each saying what it rests on.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>The interactive class's cost under other TTFT limits, by rising limit.</summary>
    public required IReadOnlyList<CostPoint> CostAgainstTtft { get; init; }

    /// <summary>The interactive class's cost under other TPOT limits, by rising limit.</summary>
    public required IReadOnlyList<CostPoint> CostAgainstTpot { get; init; }

    /// <summary>At most one sweep of the rate per class.</summary>
    public required IReadOnlyList<LoadSweep> LoadSweeps { get; init; }

    public required WeekUtilisation? Week { get; init; }

    public required IReadOnlyList<LatencyDistribution> Distributions { get; init; }

    public required IReadOnlyList<CreditStatement> Credits { get; init; }

    public required IReadOnlyList<ApiPrice> ApiPrices { get; init; }

    /// <summary>
    /// Price of an accelerator-hour at which the interactive class costs what the cheapest of
    /// <see cref="ApiPrices"/> asks for the same tokens; null when none sells the model.
    /// </summary>
    public required decimal? BreakEvenUsdPerGpuHour { get; init; }
}

public sealed record ReportParameter(string Name, string Value, string Unit);

/// <summary>
/// Cost at one limit. The cost is null when the deployment cannot keep the limit at any rate; low and high
/// are the tier's error interval; the load line is requests per second of one replica.
/// </summary>
public sealed record CostPoint(
    double LimitMs, decimal? UsdPerMillionTokens, decimal? Low, decimal? High, double? LoadLine);

/// <summary>What one replica of a class did at rates below and above its load line.</summary>
public sealed record LoadSweep
{
    public required string Class { get; init; }

    /// <summary>By rising rate.</summary>
    public required IReadOnlyList<LoadSweepPoint> Points { get; init; }

    /// <summary>Only p95 limits of <c>ttft</c> and <c>tpot</c> are drawn.</summary>
    public required IReadOnlyList<PromiseStatement> Limits { get; init; }

    public required double LoadLineRequestsPerSecond { get; init; }
}

/// <summary>A percentile is null when there were too few samples. Holds: every limit was kept.</summary>
public sealed record LoadSweepPoint(
    double RequestsPerSecond, double? TtftP95Ms, double? TpotP95Ms, bool Holds);

/// <summary>
/// How full the fleet is in each hour of the week. Hour 0 is Monday 00:00 to 01:00 of the workload's clock.
/// </summary>
public sealed record WeekUtilisation
{
    /// <summary>168 shares of what the fleet carries at its load line.</summary>
    public required IReadOnlyList<double> Shares { get; init; }

    /// <summary>The workload has no weekly shape: all hours are alike by assumption, not by measurement.</summary>
    public required bool Flat { get; init; }
}

/// <summary>Cumulative shares of one metric of one class, by rising latency.</summary>
public sealed record LatencyDistribution(
    Metric Metric, string Class, IReadOnlyList<DistributionPoint> Points);

/// <summary>The share of samples, 0 to 1, at or below a latency.</summary>
public readonly record struct DistributionPoint(double Ms, double Share);

/// <summary>What a measure would take off (negative) or add to the cost per million tokens.</summary>
public sealed record CreditStatement(string Name, decimal UsdPerMillionTokens, string Explanation);

/// <summary>What a public API asks per million tokens of the same model.</summary>
public sealed record ApiPrice(
    string Provider, decimal InputUsdPerMillion, decimal OutputUsdPerMillion, string AsOf, string Source);
