namespace Plimsoll.Core.Measures;

/// <summary>
/// A latency distribution in milliseconds. A figure is null when there are too few samples
/// to stand behind it.
/// </summary>
public sealed record LatencySummary(double? Mean, double? P50, double? P90, double? P95, double? P99);
