using System.Collections.Generic;
using Plimsoll.Core.Measures;

namespace Plimsoll.Core.Accounts;

/// <summary>
/// Batch work in the idle time of the interactive fleet over its week: how much, at what price, and what
/// keeps it from being more. Every rate is of the whole fleet.
/// </summary>
public sealed record BackfillStatement
{
    public required string Workload { get; init; }

    public required double WindowHours { get; init; }

    /// <summary>Share of each engine that is promised to it; null where none is.</summary>
    public double? PromisedShare { get; init; }

    /// <summary>Under each policy, the one of the bill first.</summary>
    public required IReadOnlyList<BackfillPolicy> Policies { get; init; }

    /// <summary>What the policy <c>slack</c> saves and what every token then costs.</summary>
    public required BackfillBill Bill { get; init; }

    /// <summary>What there is room for, by three measures, and what is done in it.</summary>
    public required BackfillLoss Loss { get; init; }

    /// <summary>
    /// Lines of a job that is done within the window whenever of the week it is handed in.
    /// </summary>
    public required double LinesPerWindow { get; init; }

    /// <summary>What becomes of lines that come at a rate; null for a backlog without end.</summary>
    public BackfillArrivals? Arrivals { get; init; }

    /// <summary>
    /// Most tokens first; null where the batch work tells no tenants apart, or none is done.
    /// </summary>
    public IReadOnlyList<BackfillTenant>? Tenants { get; init; }

    /// <summary>
    /// Every level and batch work, last, beside each other in the busiest hour, when there is least slack.
    /// </summary>
    public required IReadOnlyList<BackfillLevel> BusiestHour { get; init; }

    /// <summary>What the busiest hour's figures are beside, where that is not what comes to it.</summary>
    public string? BusiestHourNote { get; init; }

    /// <summary>The hours of the week: shares of the fleet's time.</summary>
    public required IReadOnlyList<BackfillHour> Week { get; init; }

    /// <summary>By rising limit on gaps; empty where none is promised.</summary>
    public required IReadOnlyList<PromisePricePoint> PriceOfPromise { get; init; }

    /// <summary>
    /// Batch tokens forgone in an hour for each millisecond that gaps are tightened, with its 90 % interval
    /// over streams, which a zero within says is nothing that can be told; null where a promise a little
    /// tighter or looser is not kept.
    /// </summary>
    public required double? TokensPerHourAndMs { get; init; }

    public required double? TokensPerHourAndMsLow { get; init; }

    public required double? TokensPerHourAndMsHigh { get; init; }

    /// <summary>
    /// What the batch work would earn that the promise on gaps keeps out, per million interactive tokens,
    /// USD, with its 90 % interval over streams; null where the loosest promise is not kept either.
    /// </summary>
    public required decimal? OpportunityUsdPerMillionTokens { get; init; }

    public required decimal? OpportunityLow { get; init; }

    public required decimal? OpportunityHigh { get; init; }

    /// <summary>What the limits of the price of the promise are; null where none is promised.</summary>
    public required string? PriceOfPromiseNote { get; init; }
}

/// <summary>Lines that come evenly over the week and are done oldest first as there is room.</summary>
/// <param name="LinesPerSecond">That come to the fleet.</param>
/// <param name="Done">Share of them that is done.</param>
/// <param name="InTime">Share that is done within the window, by whole hours.</param>
/// <param name="LongestWaitHours">Hours that the last of an hour's lines waits, at worst; null when more
/// comes than is ever done.</param>
public sealed record BackfillArrivals(
    double LinesPerSecond, double Done, double InTime, double? LongestWaitHours);

/// <summary>A tenant of the batch work beside the others.</summary>
/// <param name="Name">As the log names it.</param>
/// <param name="Weight">Against the others'.</param>
/// <param name="Share">Of the batch tokens of the week, 0 to 1.</param>
public sealed record BackfillTenant(string Name, int Weight, double Share);

/// <summary>What one level, or batch work, has in the busiest hour beside the others.</summary>
public sealed record BackfillLevel
{
    public required string Name { get; init; }

    /// <summary>Share of requests that kept every limit; of batch lines, the window.</summary>
    public required double? Goodput { get; init; }

    /// <summary>Tokens of the fleet in and out per second.</summary>
    public required double TokensPerSecond { get; init; }

    public required LatencySummary TtftMs { get; init; }

    public required LatencySummary TpotMs { get; init; }

    /// <summary>Null for batch work, whose gaps nobody waits in.</summary>
    public required LatencySummary? ItlMs { get; init; }

    public required LatencySummary E2eMs { get; init; }

    /// <summary>The TTFT without batch work beside it; null for batch work.</summary>
    public required LatencySummary? TtftAloneMs { get; init; }

    /// <summary>Share of the fleet's time over the week, 0 to 1.</summary>
    public required double ShareOfWeek { get; init; }

    /// <summary>
    /// Over the week, by the time it used, and with its part of the idle time; null without tokens.
    /// </summary>
    public required decimal? UsdPerMillionTokens { get; init; }

    public required decimal? WithIdleUsdPerMillionTokens { get; init; }
}

/// <summary>What rides along under one policy.</summary>
/// <param name="Name">The policy, and how many lines a static gate lets through.</param>
/// <param name="HoursKept">Share of the week's hours in which the promise is kept with batch work; in the
/// others it is held back.</param>
/// <param name="LinesPerSecond">Mean over the week.</param>
/// <param name="TokensPerSecond">Input and output tokens of those lines.</param>
/// <param name="UsdPerWeek">What a fleet of their own would cost, in full batches.</param>
public sealed record BackfillPolicy(
    string Name, double HoursKept, double LinesPerSecond, double TokensPerSecond, decimal UsdPerWeek);

/// <summary>Dollars, for the policy <c>slack</c>.</summary>
public sealed record BackfillBill
{
    /// <summary>Saved a week against a fleet for the batch work alone, in full batches; and its 90 %
    /// interval over streams.</summary>
    public required decimal SavedUsdPerWeek { get; init; }

    public required decimal SavedLow { get; init; }

    public required decimal SavedHigh { get; init; }

    /// <summary>The same with that fleet in whole replicas.</summary>
    public required decimal SavedWholeReplicasUsdPerWeek { get; init; }

    /// <summary>An interactive token without batch work beside it, USD per million.</summary>
    public required decimal InteractiveAlone { get; init; }

    /// <summary>Who pays for the time that is not used, by rule.</summary>
    public required IReadOnlyList<BackfillRule> Rules { get; init; }
}

/// <summary>What tokens cost by one rule for the gap between what is used and what is paid.</summary>
/// <param name="Rule"><c>peak</c>, <c>proportional</c> or <c>unallocated</c>.</param>
/// <param name="InteractiveUsdPerMillionTokens">Of an interactive token.</param>
/// <param name="BatchUsdPerMillionTokens">Of a batch token.</param>
/// <param name="IdleUsdPerWeek">What is on nobody's bill.</param>
public sealed record BackfillRule(
    string Rule, decimal InteractiveUsdPerMillionTokens, decimal BatchUsdPerMillionTokens,
    decimal IdleUsdPerWeek);

/// <summary>Batch lines per second of the fleet: what there could be and what there is.</summary>
/// <param name="AtFullBatchSpeed">If all time that interactive work leaves, itself at full batch, ran batches
/// of their own. No bound: a step that carries both reads the weights once.</param>
/// <param name="Clairvoyant">What fits the promise for who knows the future, in fractions.</param>
/// <param name="WithoutMargin">Simulated, steps planned to the nanosecond.</param>
/// <param name="Done">Simulated, with the margin that a live engine needs.</param>
/// <param name="RecomputedShare">Share of the batch prompt tokens that were computed again.</param>
/// <param name="Efficiency">Done over clairvoyant; above 1 the bound that was found is none. Null where
/// nothing fits.</param>
public sealed record BackfillLoss(
    double AtFullBatchSpeed, double Clairvoyant, double WithoutMargin, double Done, double RecomputedShare,
    double? Efficiency);

/// <summary>One hour of the week: shares of the fleet's time, 0 to 1; the rest is idle.</summary>
public sealed record BackfillHour(double Interactive, double Batch);

/// <summary>Batch tokens of the fleet under a limit on gaps.</summary>
/// <param name="LimitMs">The limit.</param>
/// <param name="TokensPerSecond">0 where it is not kept, so that batch work is held back.</param>
/// <param name="Low">Of the tokens, the lower end of their 90 % interval over streams.</param>
/// <param name="High">The upper end.</param>
/// <param name="IsKept">Whether the promise is kept beside batch work.</param>
public sealed record PromisePricePoint(
    double LimitMs, double TokensPerSecond, double Low, double High, bool IsKept);
