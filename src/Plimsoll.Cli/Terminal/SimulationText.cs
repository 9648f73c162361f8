using System.Globalization;
using System.Text;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Models;
using Plimsoll.Planning.Accounts;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Cli.Terminal;

/// <summary>A simulated fleet for a person at a terminal.</summary>
static class SimulationText
{
    public static string Of(
        SimulationResult result, AccountRequest request, SimulatedEngine engine, int replicas)
    {
        var d = engine.Deployment;
        var text = new StringBuilder();
        text.Append($"{d.Model.Name}, {d.Weights.Name()} weights, on {replicas} × {d.Accelerators} {d.Accelerator.Name}; ");
        text.Append($"{request.Workload.Name} at {F(request.RequestsPerSecond, "0.###")} requests/s; ");
        text.Append($"tier {engine.StepTime.Tier.ToString().ToLowerInvariant()}, steps within ");
        text.Append($"{F(engine.StepTime.ErrorLow, "0.00")}–{F(engine.StepTime.ErrorHigh, "0.00")} of predicted\n\n");
        if (request.Profile is not null)
            text.Append(string.Join('\n', engine.StepTime.Notes)).Append("\n\n");
        text.Append("ms            mean        p50        p90        p95        p99\n");
        Row(text, "TTFT", result.Latencies.Ttft);
        Row(text, "TPOT", result.Latencies.Tpot);
        Row(text, "ITL", result.Latencies.Itl);
        Row(text, "E2E", result.Latencies.E2e);
        text.Append('\n');
        text.Append($"requests      {result.Requests:N0}, completed {result.Completed:N0}, failed {result.Failed:N0}, ");
        text.Append($"in {F(result.MakespanS, "#,0.0")} s\n");
        if (result.Goodput is { } goodput)
            text.Append($"goodput       {F(100 * goodput, "0.00")} % of requests kept every limit\n");
        text.Append($"throughput    {F(result.PromptTokensPerSecond, "#,0")} input and ");
        text.Append($"{F(result.OutputTokensPerSecond, "#,0")} output tokens/s; busy {F(100 * result.BusyShare, "0.0")} %\n");
        text.Append($"KV            peak {result.PeakKvBlocks:N0} of {engine.Limits.NumBlocks:N0} blocks; ");
        text.Append($"{result.Preemptions:N0} preemptions\n");
        if (result.PrefixHitRate is { } hits)
            text.Append($"prefix cache  {F(100 * hits, "0.0")} % of prompt tokens\n");
        text.Append($"steps         {result.Steps:N0}; plan hash {result.PlanHash:x16}\n");
        return text.ToString();
    }

    static void Row(StringBuilder text, string name, LatencyRecorder recorder)
    {
        var summary = recorder.Summarise();
        text.Append($"{name,-8}");
        foreach (var value in new[] { summary.Mean, summary.P50, summary.P90, summary.P95, summary.P99 })
            text.Append($"{(value is { } ms ? F(ms, "#,0.00") : "–"),11}");
        text.Append('\n');
    }

    static string F(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
