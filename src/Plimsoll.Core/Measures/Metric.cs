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
    public static Choices<Metric> All { get; } =
        new(("ttft", Metric.Ttft), ("tpot", Metric.Tpot), ("itl", Metric.Itl), ("e2e", Metric.E2e));

    public static string Name(this Metric metric) => All.NameOf(metric);
}
