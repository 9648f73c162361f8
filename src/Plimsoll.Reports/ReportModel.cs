using System.Collections.Generic;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Measures;

namespace Plimsoll.Reports;

/// <summary>
/// Everything the account report shows. The report computes no cost: it draws what is here.
/// </summary>
public sealed record ReportModel
{
    public required AccountResult Account { get; init; }

    /// <summary>The command line that reproduces the report.</summary>
    public required string Command { get; init; }

    public required string Version { get; init; }

    /// <summary>The newest date of the prices and tables that the figures rest on.</summary>
    public required string DataAsOf { get; init; }

    /// <summary>Digest of all parameters: equal where the same was asked of the same data.</summary>
    public required string InputHash { get; init; }

    /// <summary>
    /// What was asked for and cannot be kept, where the page shows the nearest promise that
    /// can; null otherwise.
    /// </summary>
    public string? Unkept { get; init; }

    public required IReadOnlyList<ReportParameter> Parameters { get; init; }

    /// <summary>Caveats, each saying what it rests on.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>The interactive class's cost under other limits, one curve a metric.</summary>
    public required IReadOnlyList<CostCurve> CostCurves { get; init; }

    /// <summary>At most one sweep of the rate per class.</summary>
    public required IReadOnlyList<LoadSweep> LoadSweeps { get; init; }

    /// <summary>By rising rate; the throughput that is bought with slower answers.</summary>
    public required IReadOnlyList<InteractivityPoint> Interactivity { get; init; }

    /// <summary>Tokens per second and user that the promise asks for; null without a limit on TPOT.</summary>
    public required double? PromisedInteractivity { get; init; }

    public required WeekUtilisation? Week { get; init; }

    public required IReadOnlyList<LatencyDistribution> Distributions { get; init; }

    public required IReadOnlyList<Credit> Credits { get; init; }

    /// <summary>Null when no public API of the catalogue sells the model.</summary>
    public required ListPrices? ListPrices { get; init; }

    /// <summary>Mean demand and how the busiest hour exceeds it, for a reader.</summary>
    public required string Demand { get; init; }
}

public sealed record ReportParameter(string Name, string Value, string Unit);

/// <summary>What the limit on one metric alone costs.</summary>
/// <param name="Metric">Limited metric.</param>
/// <param name="Percentile">At which it is limited: as promised, or the 95th where
/// nothing is promised.</param>
/// <param name="PromisedMs">The promised limit; null when there is none on this metric.</param>
/// <param name="Points">By rising limit.</param>
public sealed record CostCurve(
    Metric Metric, double Percentile, double? PromisedMs, IReadOnlyList<CostPoint> Points);

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

    public required IReadOnlyList<PromiseStatement> Limits { get; init; }

    public required double LoadLineRequestsPerSecond { get; init; }

    /// <summary>The load line with steps as slow as they may be.</summary>
    public required double LowRequestsPerSecond { get; init; }

    /// <summary>The load line with steps as fast as they may be.</summary>
    public required double HighRequestsPerSecond { get; init; }
}

/// <summary>
/// What was measured of each limit, in their order; null when there were too few samples. Holds:
/// every limit was kept.
/// </summary>
public sealed record LoadSweepPoint(double RequestsPerSecond, IReadOnlyList<double?> MeasuredMs, bool Holds);

/// <summary>One rate of the sweep, as engineers compare engines.</summary>
/// <param name="RequestsPerSecond">Of one replica.</param>
/// <param name="TokensPerSecondAndUser">One over the mean time per output token.</param>
/// <param name="TokensPerSecondAndAccelerator">Output tokens.</param>
public readonly record struct InteractivityPoint(
    double RequestsPerSecond, double TokensPerSecondAndUser, double TokensPerSecondAndAccelerator);

/// <summary>
/// How full the fleet is in each hour of the week, which begins where the workload's data begin.
/// </summary>
public sealed record WeekUtilisation
{
    /// <summary>168 shares of what the fleet carries at its load line.</summary>
    public required IReadOnlyList<double> Shares { get; init; }

    /// <summary>
    /// The workload has no weekly shape: all hours are alike by assumption, not by measurement.
    /// </summary>
    public required bool Flat { get; init; }
}

/// <summary>Cumulative shares of one metric of one class, by rising latency.</summary>
public sealed record LatencyDistribution(
    Metric Metric, string Class, IReadOnlyList<DistributionPoint> Points);

/// <summary>The share of samples, 0 to 1, at or below a latency.</summary>
public readonly record struct DistributionPoint(double Ms, double Share);
