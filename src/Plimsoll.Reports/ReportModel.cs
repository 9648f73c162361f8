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

    public required IReadOnlyList<ReportParameter> Parameters { get; init; }

    /// <summary>Caveats, each saying what it rests on.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>The interactive class's cost under other limits, one curve a metric.</summary>
    public required IReadOnlyList<CostCurve> CostCurves { get; init; }

    /// <summary>At most one sweep of the rate per class.</summary>
    public required IReadOnlyList<LoadSweep> LoadSweeps { get; init; }

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
/// <param name="Percentile">At which it is limited: as promised, or the 95th where nothing is
/// promised.</param>
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
}

/// <summary>
/// What was measured of each limit, in their order; null when there were too few samples. Holds: every limit
/// was kept.
/// </summary>
public sealed record LoadSweepPoint(double RequestsPerSecond, IReadOnlyList<double?> MeasuredMs, bool Holds);

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
