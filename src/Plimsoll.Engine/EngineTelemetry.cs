namespace Plimsoll.Engine;

/// <summary>Counters since the start, and gauges now.</summary>
public readonly record struct EngineTelemetry
{
    public int Running { get; init; }

    public int Waiting { get; init; }

    /// <summary>0 to 1.</summary>
    public double KvUsage { get; init; }

    public long Preemptions { get; init; }

    public long PrefixQueriedTokens { get; init; }

    public long PrefixHitTokens { get; init; }

    public long Steps { get; init; }

    /// <summary>Time spent in steps, nanoseconds.</summary>
    public long BusyNs { get; init; }

    /// <summary>The engine's clock, nanoseconds.</summary>
    public long NowNs { get; init; }

    /// <summary>Digest of the scheduler's decisions so far.</summary>
    public ulong PlanHash { get; init; }
}
