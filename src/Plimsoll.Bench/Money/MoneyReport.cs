using System.Collections.Generic;
using Plimsoll.Core.Hardware;

namespace Plimsoll.Bench.Money;

/// <summary>What a run cost. Dollars per million tokens count prompt and output tokens alike.</summary>
public sealed record MoneyReport
{
    public required string Gpu { get; init; }

    public required int Count { get; init; }

    public required PriceSpec Price { get; init; }

    public required double UsdPerHour { get; init; }

    /// <summary>All tokens of served requests; null when none was.</summary>
    public required Estimate? UsdPerMillionTokens { get; init; }

    /// <summary>Only tokens of requests that kept every limit: what a token costs at the promise.</summary>
    public required Estimate? UsdPerMillionGoodTokens { get; init; }

    /// <summary>
    /// All tokens at the rate that a search found, its interval the line's 95 %; null where it found none.
    /// </summary>
    public Estimate? UsdPerMillionTokensAtLine { get; init; }

    public required double? UsdPerRequest { get; init; }

    /// <summary>Replicas behind the endpoint; null where the model is unknown.</summary>
    public int? Replicas { get; init; }

    /// <summary>Share of the run in which at least one request was under way, at any replica.</summary>
    public required double BusyShare { get; init; }

    /// <summary>
    /// The way from the physical floor to <see cref="UsdPerMillionTokens"/>; empty without a model.
    /// </summary>
    public required IReadOnlyList<GapBar> Gap { get; init; }

    /// <summary>Tier of the step times behind the gap; null without.</summary>
    public string? Tier { get; init; }

    /// <summary>The replica whose steps are predicted behind the gap; null without.</summary>
    public Deployment? Deployment { get; init; }
}

/// <summary>A figure and its 90 % interval.</summary>
public readonly record struct Estimate(double Value, double? Low, double? High);

/// <summary>One part of what a token cost; the parts sum to the whole.</summary>
/// <param name="Name"><c>floor</c>, <c>kernels</c>, <c>batching</c>, <c>waiting</c>,
/// <c>idle</c>; of several replicas <c>waiting or idle</c> in one.</param>
/// <param name="UsdPerMillionTokens">Dollars; the prediction's part may be negative where it
/// is too slow.</param>
/// <param name="Means">In a few words.</param>
public sealed record GapBar(string Name, double UsdPerMillionTokens, string Means);
