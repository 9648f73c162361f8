using System;
using System.Globalization;
using System.Linq;
using System.Text;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Models;
using Plimsoll.Inputs.Choices;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Cli.Terminal;

/// <summary>A simulated fleet for a person at a terminal.</summary>
static class SimulationText
{
    /// <param name="bounds">What the fleet did, and the ends of its interval.</param>
    /// <param name="serving">What was asked.</param>
    /// <param name="engine">One engine rank of the fleet.</param>
    /// <param name="replicas">Replicas; of a disaggregated fleet, those that decode.</param>
    /// <param name="prefillReplicas">Replicas that only prefill.</param>
    /// <param name="process">How arrivals scatter.</param>
    public static string Of(
        SimulationBounds bounds, Serving serving, SimulatedEngine engine, int replicas, int prefillReplicas,
        ArrivalProcess process)
    {
        var text = new StringBuilder();
        Fleet(text, serving, engine, replicas, prefillReplicas, process);
        var table = new TextTable("ms", "mean", "p50", "p95", "p99");
        foreach (var (name, metric) in new[]
        {
            ("TTFT", Metric.Ttft), ("TPOT", Metric.Tpot), ("ITL", Metric.Itl), ("E2E", Metric.E2e),
        })
        {
            Row(table, bounds, name, metric);
        }
        text.Append(table);
        text.Append(Precision(bounds.Run.Latencies)).Append('\n');
        Outcome(text, bounds, serving, engine, process);
        return text.ToString();
    }

    /// <summary>What batch work got beside the requests; nothing when there was none.</summary>
    /// <param name="bounds">What the fleet did, and the ends of its interval.</param>
    /// <param name="options">What was asked.</param>
    public static string Batch(SimulationBounds bounds, SimulationOptions options)
    {
        var windowNs = options.BatchWindowNs;
        if (bounds.Run.Batch is not { } batch)
            return "";
        var text = new StringBuilder();
        text.Append($"batch         {F(batch.OutputTokensPerSecond, "#,0")} output");
        text.Append(Range(bounds, r => r.Batch?.OutputTokensPerSecond, "#,0"));
        text.Append($" and {F(batch.PromptTokensPerSecond, "#,0")} input tokens/s beside the requests; ");
        text.Append(Extrapolated(batch, bounds, windowNs)).Append('\n');
        var (ttft, tpot) = (batch.Latencies!.Ttft.Summarise(), batch.Latencies.Tpot.Summarise());
        text.Append($"  lines       {batch.Lines:N0} answered");
        if (batch.Goodput is { } good)
            text.Append($", {F(100 * good, "0.00")} % of them within {Hours(windowNs)}");
        text.Append($"; {batch.LinesLeft:N0} under way or waiting at the end");
        text.Append(batch.LinesTooLong > 0 ? $"; {batch.LinesTooLong:N0} left out, too long\n" : "\n");
        if (batch.IsOverloaded == true)
        {
            text.Append($"  overloaded  {F(batch.LinesPerSecond, "0.###")} lines/s answered of ");
            text.Append($"{F(options.BatchLinesPerSecond ?? 0, "0.###")} that come; ever more wait: more ");
            text.Append("--replicas or a lower --batch-rate\n");
        }
        else if (batch.IsOverloaded is null && options.BatchLinesPerSecond is not null)
        {
            text.Append("  too short   to tell whether lines come faster than they are done: ");
            text.Append("more --requests\n");
        }
        text.Append($"  latency     TTFT p50 / p95 {LevelText.Pair(ttft)} ms, ");
        text.Append($"TPOT {LevelText.Pair(tpot)} ms, E2E ");
        text.Append($"{LevelText.Pair(batch.Latencies.E2e.Summarise())} ms\n");
        if (batch.RecomputedTokens > 0)
            text.Append($"  recomputed  {batch.RecomputedTokens:N0} tokens whose memory others took\n");
        if (batch.MovedOut > 0)
            text.Append($"  moved       to host memory {batch.MovedOut:N0} times, where that costs less\n");
        return text.ToString();
    }

    /// <summary>What each tenant of the batch workload had; nothing where it tells none apart.</summary>
    public static string Tenants(SimulationResult run, SimulationOptions options)
    {
        const int Most = 20;
        var tenants = BatchTenant.Of(run, options);
        if (tenants.Count == 0)
            return "";
        var all = Math.Max(1, tenants.Sum(t => t.Tokens));
        var table = new TextTable("  tenant", "weight", "tokens/s", "share");
        foreach (var tenant in tenants.Take(Most))
        {
            table.Add(
                $"  {tenant.Name}", $"{tenant.Weight}", F(tenant.Tokens / run.Batch!.SpanS, "#,0"),
                F(100.0 * tenant.Tokens / all, "0.0") + " %");
        }
        return table + (tenants.Count > Most ? $"  and {tenants.Count - Most} more\n" : "");
    }

    /// <summary>
    /// What the lines of a run would be in the window, to the digits that their count has; the interval is
    /// that of the steps, as of every figure.
    /// </summary>
    static string Extrapolated(BatchResult batch, SimulationBounds bounds, long windowNs)
    {
        if (batch.Lines == 0)
            return "no line answered";
        var known = 1.645 * InWindow(batch) / Math.Sqrt(batch.Lines);
        var step = Math.Max(1, Math.Pow(10, Math.Floor(Math.Log10(known))));
        var range = Range(bounds, run => run.Batch is { Lines: > 0 } other ? Rounded(other) : null, "#,0");
        return $"{batch.Lines:N0} lines in {F(batch.SpanS, "#,0")} s would be "
            + $"{F(Rounded(batch), "#,0")}{range} in {Hours(windowNs)}";

        double InWindow(BatchResult of) => of.Lines * windowNs / 1e9 / of.SpanS;
        double Rounded(BatchResult of) => step * Math.Round(InWindow(of) / step);
    }

    static string Hours(long ns) => ns >= 3_600_000_000_000
        ? F(ns / 3.6e12, "0.##") + " h"
        : F(ns / 1e9, "0.###") + " s";

    static void Fleet(
        StringBuilder text, Serving serving, SimulatedEngine engine, int replicas,
        int prefillReplicas, ArrivalProcess process)
    {
        var d = engine.Deployment;
        text.Append($"{d.Model.Name}, {d.Weights.Name()} weights, ");
        text.Append(prefillReplicas > 0 ? $"{prefillReplicas} prefill and {replicas} decode replicas"
            : $"{replicas} replica{(replicas == 1 ? "" : "s")}");
        text.Append(
            $" of {d.Accelerators} × {d.Accelerator.Name} (tp {d.TensorParallel}, pp {d.PipelineParallel}, ");
        text.Append($"ep {d.ExpertParallel}, dp {d.DataParallel})\n");
        text.Append($"{serving.Workload.Name}, ");
        text.Append(process == ArrivalProcess.AtOnce
            ? "all at once; " : $"{F(serving.RequestsPerSecond, "0.###")} requests/s; ");
        text.Append(
            $"tier {engine.StepTime.Tier.ToString().ToLowerInvariant()}; in brackets 90 % intervals\n\n");
        string[] notes = [.. serving.Workload.Notes, .. engine.StepTime.Notes];
        foreach (var note in notes)
            TextLines.Wrap(text, "note: ", "  ", note);
        if (notes.Length > 0)
            text.Append('\n');
    }

    static void Outcome(
        StringBuilder text, SimulationBounds bounds, Serving serving, SimulatedEngine engine,
        ArrivalProcess process)
    {
        var result = bounds.Run;
        text.Append($"requests      {result.Requests:N0}, completed {result.Completed:N0}, failed "
            + $"{result.Failed:N0}, ");
        text.Append($"in {F(result.MakespanS, "#,0.0")} s{Range(bounds, r => r.MakespanS, "#,0.0")}\n");
        if (result.Rejected > 0)
        {
            text.Append($"turned away   {result.Rejected:N0} of them, whose promise could not have been ");
            text.Append("kept\n");
        }
        if (result.Failed > result.Rejected)
        {
            text.Append($"failed        longer than the "
                + $"{engine.Limits.NumBlocks * (long)engine.Limits.BlockSize:N0} tokens ");
            text.Append($"of KV memory or the {engine.Deployment.Model.MaxContext:N0} of the model\n");
        }
        if (result.Goodput is { } goodput)
        {
            text.Append($"goodput       {F(100 * goodput, "0.00")} "
                + $"%{Range(bounds, r => 100 * r.Goodput, "0.00")} of requests ");
            var some = serving.Levels.Any(level => level.Limits.Count == 0);
            text.Append(some ? "that were promised any kept every limit\n" : "kept every limit\n");
        }
        text.Append(LevelText.Levels(result, serving.Levels));
        text.Append($"throughput    {F(result.PromptTokensPerSecond, "#,0")} input and ");
        text.Append($"{F(result.OutputTokensPerSecond, "#,0")} output tokens/s");
        text.Append($"{Range(bounds, r => r.OutputTokensPerSecond, "#,0")}; busy "
            + $"{F(100 * result.BusyShare, "0.0")} %");
        text.Append($"{Range(bounds, r => 100 * r.BusyShare, "0.0")}\n");
        var served = result.Completed / Math.Max(result.MakespanS, 1e-9);
        if (process != ArrivalProcess.AtOnce && IsOverloaded(result, serving))
        {
            text.Append($"overloaded    {F(served, "0.###")} requests/s served of "
                + $"{F(serving.RequestsPerSecond, "0.###")} ");
            text.Append("offered; the queue grows while they come: more --replicas or a lower --rate\n");
        }
        text.Append($"KV            peak {result.PeakKvBlocks:N0} of {engine.Limits.NumBlocks:N0} "
            + $"blocks{Range(bounds, r => r.PeakKvBlocks, "#,0")}; ");
        text.Append($"{result.Preemptions:N0} preemptions{Range(bounds, r => r.Preemptions, "#,0")}\n");
        if (result.PrefixHitRate is { } hits)
            text.Append($"prefix cache  {F(100 * hits, "0.0")} % of prompt tokens\n");
        foreach (var tier in result.KvTiers ?? [])
        {
            var share = 100.0 * tier.HitTokens / Math.Max(1, result.PromptTokens);
            var room = F(tier.CapacityTokens, "#,0");
            var reads = F(tier.TransferS, "0.0");
            text.Append($"  of it {tier.Name,-8}{F(share, "0.0")} %, {reads} s of reads; ");
            text.Append($"room for {room} tokens\n");
        }
        text.Append($"steps         {result.Steps:N0}; plan hash {result.PlanHash:x16}\n");
    }

    /// <summary>Whether requests wait to be admitted, and more of them the longer they come.</summary>
    static bool IsOverloaded(SimulationResult result, Serving serving) =>
        !serving.Workload.ClosedLoop && result.WaitingAtTheEnd >= Math.Max(10, 0.02 * result.Requests)
        && result.WaitingAtTheEnd > 1.3 * result.WaitingHalfway;

    static string Precision(LatencyRecorders latencies)
    {
        var error = F(100 * QuantileSketch.RelativeError, "0.0");
        return latencies.Ttft.IsExact
            ? $"percentiles of the run are exact, of ITL within {error} %\n"
            : $"percentiles of the run are within {error} %, from a sketch of more than "
            + $"{LatencyRecorder.ExactSamples:N0} samples\n";
    }

    static void Row(TextTable table, SimulationBounds bounds, string name, Metric metric)
    {
        var (value, low, high) = (bounds.Latency(metric), bounds.Low(metric), bounds.High(metric));
        table.Add(name, Cell(value.Mean, low.Mean, high.Mean), Cell(value.P50, low.P50, high.P50),
            Cell(value.P95, low.P95, high.P95), Cell(value.P99, low.P99, high.P99));
    }

    static string Cell(double? value, double? low, double? high) =>
        (value, low, high) is ({ } v, { } l, { } h)
        ? $"{Ms(v)} ({Ms(l)}–{Ms(h)})"
        : "–";

    internal static string Ms(double ms) => F(ms, ms < 100 ? "0.0" : "#,0");

    static string Range(SimulationBounds bounds, Func<SimulationResult, double?> figure, string format) =>
        bounds.Of(figure) is { } range && range.High > range.Low
            ? $" ({F(range.Low, format)}–{F(range.High, format)})"
            : "";

    internal static string F(double value, string format) =>
        value.ToString(format, CultureInfo.InvariantCulture);
}
