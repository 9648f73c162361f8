using System;

namespace Plimsoll.Planning.Simulation;

/// <summary>How many batch lines a gateway keeps under way at each replica.</summary>
public sealed record BatchGateOptions
{
    /// <summary>Most lines at once; with <see cref="IsAdaptive"/> never more than these.</summary>
    public int Lines { get; init; } = 1024;

    /// <summary>
    /// Additive increase, multiplicative decrease on the engine's queue and KV, as llm-d's
    /// batch gateway does.
    /// </summary>
    public bool IsAdaptive { get; init; }

    /// <summary>How often the gateway sees the engine's metrics, nanoseconds.</summary>
    public long PeriodNs { get; init; } = 1_000_000_000;

    /// <summary>Waiting interactive requests from which it backs off.</summary>
    public int WaitingLimit { get; init; } = 1;

    /// <summary>Share of KV in use from which it backs off.</summary>
    public double KvLimit { get; init; } = 0.9;
}

/// <summary>A gate in front of one replica.</summary>
sealed class BatchGate(BatchGateOptions options)
{
    long _nextNs;

    public int Limit { get; private set; } = options.IsAdaptive ? 1 : options.Lines;

    public void Observe(long nowNs, int interactiveWaiting, double kvUse)
    {
        if (!options.IsAdaptive || nowNs < _nextNs)
            return;
        _nextNs = nowNs + options.PeriodNs;
        Limit = interactiveWaiting >= options.WaitingLimit || kvUse > options.KvLimit
            ? Math.Max(1, Limit / 2)
            : Math.Min(options.Lines, Limit + 1);
    }
}
