namespace Plimsoll.Core.Measures;

/// <summary>One clause of a promise: <c>ttft p95 500ms</c>.</summary>
/// <param name="Metric">What is limited.</param>
/// <param name="Percentile">Share of requests that must keep the limit, percent: 95 for p95.</param>
/// <param name="LimitNs">The limit, nanoseconds.</param>
public readonly record struct Limit(Metric Metric, double Percentile, long LimitNs);
