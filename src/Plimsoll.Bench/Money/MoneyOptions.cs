using Plimsoll.Core.Hardware;

namespace Plimsoll.Bench.Money;

/// <summary>What the endpoint runs on and what that costs.</summary>
public sealed record MoneyOptions
{
    public required AcceleratorSpec Accelerator { get; init; }

    /// <summary>Accelerators behind the endpoint.</summary>
    public required int Count { get; init; }

    public required PriceSpec Price { get; init; }

    /// <summary>One replica, for the bound; null where the model is unknown.</summary>
    public Deployment? Deployment { get; init; }

    /// <summary>Replicas of <see cref="Deployment"/>; null where the model is unknown.</summary>
    public int? Replicas => Deployment is { } one ? Count / one.Accelerators : null;

    public double UsdPerHour => Count * (double)Price.UsdPerHour;
}
