using Plimsoll.Core;
using Plimsoll.Core.Measures;

namespace Plimsoll.Bench.Results;

/// <summary>Latencies as vLLM's bench calls them.</summary>
public static class VllmMetrics
{
    public static Choices<Metric> All { get; } =
        new(("ttft", Metric.Ttft), ("tpot", Metric.Tpot), ("itl", Metric.Itl), ("e2el", Metric.E2e));

    /// <summary>By vLLM's name or by ours.</summary>
    public static bool TryFind(string name, out Metric metric) =>
        All.TryFind(name, out metric) || Metrics.All.TryFind(name, out metric);
}
