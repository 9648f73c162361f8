using System;

namespace Plimsoll.Core.Measures;

/// <summary>A latency of one request. README and design use the same four names.</summary>
public enum Metric
{
    /// <summary>Scheduled arrival to first token.</summary>
    Ttft,

    /// <summary>(Last token − first token) / (output tokens − 1).</summary>
    Tpot,

    /// <summary>Each gap between two tokens of one answer.</summary>
    Itl,

    /// <summary>Scheduled arrival to last token.</summary>
    E2e,
}

public static class Metrics
{
    public static string Name(this Metric metric) => metric switch
    {
        Metric.Ttft => "ttft",
        Metric.Tpot => "tpot",
        Metric.Itl => "itl",
        Metric.E2e => "e2e",
        _ => throw new ArgumentOutOfRangeException(nameof(metric), metric, null),
    };
}
