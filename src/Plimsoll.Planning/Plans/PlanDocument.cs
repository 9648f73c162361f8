using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text.Json.Serialization;
using Plimsoll.Core.Accounts;

namespace Plimsoll.Planning.Plans;

/// <summary>A plan as it is published: <c>docs/reference/plan.schema.json</c>.</summary>
public sealed record PlanDocument(
    string Schema, PlanStatement Statement, IReadOnlyList<PlanRow> Best, IReadOnlyList<PlanFunnelRow> Funnel,
    IReadOnlyList<PlanFavourite> Favourites, PlanNearest? Nearest, IReadOnlyList<string> Notes,
    IReadOnlyList<PlanSteadyRow>? Steady)
{
    /// <summary>What each lever is worth on the best fleet; null where that was not asked.</summary>
    public LeverBook? Levers { get; init; }

    /// <summary>Requests and batch work in one pool or two; null where there is no batch work.</summary>
    public PlanBatchStatement? Batch { get; init; }
}

/// <summary>What was asked.</summary>
public sealed record PlanStatement(
    string Workload, string WorkloadSource, double RequestsPerSecond, double PeakOverMean,
    IReadOnlyList<string> Promise, string Objective, int SpareReplicas, int Candidates,
        long SimulatedRequests);

/// <summary>One of the best fleets.</summary>
public sealed record PlanRow(
    int Rank, string Deployment, string Model, string Gpu, string Weights, string Kv, int Tp, int Pp, int Ep,
    int Dp, string Engine, int MaxNumSeqs, int MaxNumBatchedTokens, int? DraftTokens, string? KvTiers,
    string Policy, string? Router,
    int PrefillReplicas, int ServingReplicas, PlanPrefill? Prefill, bool TwoBatchOverlap,
    int RedundantExperts, PlanFleet Fleet, PlanBill Bill, double LoadLine,
    double? LoadLineStandardError, double LoadLineFast, double LoadLineSlow, string BindingLimit,
    PlanDifference? OverBest, bool Tie, string Tier, PriceStatement Price);

/// <summary>The engines that prefill, where they are split otherwise than those that decode.</summary>
public sealed record PlanPrefill(
    int Tp, int Pp, int Ep, int Dp, int MaxNumBatchedTokens, bool TwoBatchOverlap, int RedundantExperts);

/// <summary>The fleet that is paid for.</summary>
/// <param name="Units">Replicas, or groups of replicas that prefill and that decode.</param>
/// <param name="Spare">Of them spares.</param>
/// <param name="Accelerators">Paid for.</param>
/// <param name="Watts">At the boards' rated power, an upper bound; null where that is not known.</param>
public sealed record PlanFleet(int Units, int Spare, long Accelerators, double? Watts);

/// <summary>What it costs.</summary>
/// <param name="UsdPerHour">The whole fleet.</param>
/// <param name="RoundingUsdPerHour">Of it for whole units, and whole nodes where they are sold so.</param>
/// <param name="SpareUsdPerHour">Of it for spares.</param>
/// <param name="UsdPerMillionTokens">Over the tokens of the mean demand.</param>
/// <param name="Interval">Its 90 % interval by the error of the step times.</param>
public sealed record PlanBill(
    double UsdPerHour, double RoundingUsdPerHour, double SpareUsdPerHour, decimal UsdPerMillionTokens,
    Interval Interval);

/// <summary>Relative to the best; a high end of null has no bound.</summary>
public sealed record PlanDifference(double Value, double Low, double? High)
{
    /// <summary>In percent, with its interval.</summary>
    public string Percent() =>
        $"{Percent(Value)} ({Percent(Low)} … {(High is { } high ? Percent(high) : "∞")} %)";

    /// <summary>Of more than the double no tenth of a percent is known.</summary>
    static string Percent(double share) => (100 * share).ToString(
        Math.Abs(share) < 1 ? "+0.#;−0.#;0" : "+#,0;−#,0", CultureInfo.InvariantCulture);
}

/// <summary>How many fell at a stage.</summary>
public sealed record PlanFunnelRow(string Stage, string Meaning, int Fell);

/// <summary>The best candidate of a model, format and card, and how far it came.</summary>
public sealed record PlanFavourite(
    string Family, string Deployment, string Stage, string Reason, double? AtLeast, int? Rank)
{
    /// <summary>A bound is a bound; what a short run found is about right.</summary>
    [JsonIgnore]
    public string Sign => Rank is not null ? "" : Stage is "bound" or "limits" ? "≥ " : "≈ ";
}

/// <summary>The nearest promise that somebody keeps, and the fleet that does.</summary>
public sealed record PlanNearest(IReadOnlyList<string> Promise, PlanRow Best);

/// <summary>One of the best deployments where there are lengths and no arrivals.</summary>
/// <param name="Rank">From 1.</param>
/// <param name="Deployment">What tells it from the others.</param>
/// <param name="Model">Name.</param>
/// <param name="Gpu">Name.</param>
/// <param name="Accelerators">Of a replica, or of a group that prefills and decodes.</param>
/// <param name="Concurrency">Requests at once that it serves.</param>
/// <param name="TtftMs">Mean, milliseconds, when nobody waits.</param>
/// <param name="TpotMs">Mean, milliseconds.</param>
/// <param name="TokensPerSecondPerUser">One over TPOT.</param>
/// <param name="OutputTokensPerSecondPerAccelerator">Throughput.</param>
/// <param name="RequestsPerSecond">Of it.</param>
/// <param name="UsdPerMillionTokens">Input and output together, the accelerators always busy.</param>
/// <param name="Tier">What its step times rest on.</param>
public sealed record PlanSteadyRow(
    int Rank, string Deployment, string Model, string Gpu, int Accelerators, int Concurrency, double TtftMs,
    double TpotMs, double TokensPerSecondPerUser, double OutputTokensPerSecondPerAccelerator,
    double RequestsPerSecond, decimal UsdPerMillionTokens, string Tier);
