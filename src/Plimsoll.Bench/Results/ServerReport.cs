namespace Plimsoll.Bench.Results;

/// <summary>
/// What an engine's own Prometheus metrics say of the time of the run: counters as their growth, gauges as
/// they were seen once a second. Null where the endpoint has no such metric.
/// </summary>
public sealed record ServerReport
{
    public double? PromptTokens { get; init; }

    public double? GenerationTokens { get; init; }

    /// <summary>Hits over queries, in tokens.</summary>
    public double? PrefixCacheHitShare { get; init; }

    public double? Preemptions { get; init; }

    public double? MeanRunning { get; init; }

    public double? MeanWaiting { get; init; }

    public double? MostKvCacheUsage { get; init; }

    /// <summary>
    /// Mean TTFT on the engine's own clock, milliseconds: what is missing to the client's is the way there.
    /// </summary>
    public double? MeanTtftMs { get; init; }

    /// <summary>Mean time in the engine's queue, milliseconds.</summary>
    public double? MeanQueueMs { get; init; }
}
