namespace Plimsoll.Core.Hardware;

/// <summary>One price of one accelerator-hour, dated unless the user gave it.</summary>
public sealed record PriceSpec
{
    /// <summary>The accelerator's <see cref="AcceleratorSpec.Key"/>.</summary>
    public required string Accelerator { get; init; }

    /// <summary>
    /// <c>hyperscaler</c>, <c>neocloud</c>, <c>marketplace</c>, <c>owned</c>, <c>reserved</c>, <c>index</c>.
    /// </summary>
    public required string ProviderType { get; init; }

    public required string Provider { get; init; }

    /// <summary>
    /// <c>on-demand</c>, <c>reserved-1y</c>, <c>reserved-3y</c>,
    /// <c>owned-4y</c>, <c>spot</c>, <c>capacity-block</c>.
    /// </summary>
    public required string Term { get; init; }

    public required decimal UsdPerHour { get; init; }

    /// <summary>
    /// <c>yyyy-MM-dd</c>; the first of the month or year where the source is no finer; null for an amount
    /// that the user gave.
    /// </summary>
    public required string? AsOf { get; init; }

    public required string Confidence { get; init; }

    public required string Source { get; init; }
}
