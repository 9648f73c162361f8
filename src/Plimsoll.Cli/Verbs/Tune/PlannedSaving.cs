using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json.Nodes;
using Plimsoll.Core;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Accounts;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;
using Plimsoll.Tuning.Evaluation;
// Accounts have an interval of money of their own.
using Interval = Plimsoll.Tuning.Evaluation.Interval;

namespace Plimsoll.Cli.Verbs.Tune;

/// <summary>
/// Gate 5 from two accounts. The candidate's fleet is the one that keeps the promise even with steps as slow
/// as the tier's error allows, run at the busiest hour; its latencies and its bill are intervals of that
/// error.
/// </summary>
static class PlannedSaving
{
    /// <param name="overhead">By which the adapter makes steps longer; latencies and bill grow by it.</param>
    public static GateOutcome Judge(AccountOutcome current, AccountOutcome candidate, double overhead)
    {
        if (candidate.Result is null)
        {
            return new GateOutcome("saving", GateVerdict.Failed, $"the candidate: {candidate.Broken}",
                Facts(current, candidate, overhead));
        }
        var gate = Gates.Saving(
            Promised(candidate, overhead), Usd(current, 1), Usd(candidate, overhead));
        foreach (var (name, value) in Facts(current, candidate, overhead))
            gate.Facts[name] = value?.DeepClone();
        return gate;
    }

    /// <summary>What a reader of the verdict wants to see of both sides.</summary>
    public static IEnumerable<string> Lines(JsonObject facts)
    {
        foreach (var side in new[] { "current", "candidate" })
        {
            if (facts[side] is not JsonObject s)
                continue;
            yield return s["usd_per_request"] is null
                ? $"{side}: {s["model"]} on {s["gpu"]}: {s["broken"]}"
                : string.Create(CultureInfo.InvariantCulture, $"{side}: {s["model"]} on {s["gpu"]}, "
                    + $"{s["replicas"]} replicas {(double)s["utilisation"]!:P0} used, "
                    + $"${(double)s["usd_per_request"]! * 1000:0.###} per 1,000 requests "
                    + $"({Ends(s, 1000)}), tier {s["tier"]}, {s["price"]}");
        }
    }

    static string Ends(JsonObject side, double scale) => string.Create(CultureInfo.InvariantCulture,
        $"{(double)side["usd_low"]! * scale:0.###} to ")
        + (side["usd_high"] is { } high
            ? ((double)high * scale).ToString("0.###", CultureInfo.InvariantCulture) : "not known");

    static Interval Usd(AccountOutcome outcome, double overhead)
    {
        // A promise that cannot be kept costs more than any amount.
        if (outcome.Result is not { } result)
            return new Interval(double.PositiveInfinity, double.PositiveInfinity, double.PositiveInfinity);
        var account = result.Classes[0];
        var (low, high) = (account.Bounds.Low.Cost, account.Bounds.High.Cost);
        return new Interval(
            overhead * (double)account.Cost.UsdPerRequest,
            overhead * (double)Math.Min(low?.UsdPerRequest ?? 0, account.Cost.UsdPerRequest),
            high is null ? double.PositiveInfinity
                : overhead * (double)Math.Max(high.UsdPerRequest, account.Cost.UsdPerRequest));
    }

    static List<(string, double, Interval)> Promised(AccountOutcome outcome, double overhead)
    {
        var serving = outcome.Request.Serving;
        var account = outcome.Result!.Classes[0];
        var replicas = Math.Max(
            account.Bounds.High.Replicas ?? account.Fleet.Replicas, account.Fleet.Replicas);
        var peak = FleetSize.PeakOverMean(serving.Workload.WeeklyEnvelope);
        var rate = serving.RequestsPerSecond * peak / replicas / outcome.Engine.Ranks;
        var options = new SimulationOptions
        {
            Requests = outcome.Size.Requests,
            WarmupRequests = outcome.Size.Requests / 10,
            Seed = serving.Seed,
            Levels = serving.Levels,
        };
        var runs = SimulationBounds.Of(outcome.Engine.StepTime.Errors, options, (draw, drawn) =>
            outcome.Engine.Drawn(draw).Run(
                serving.Workload, rate, drawn, ArrivalProcess.Representative));
        var promised = new List<(string, double, Interval)>();
        foreach (var limit in serving.Limits)
        {
            double At(LatencySummary summary) => overhead * (Percentile(summary, limit.Percentile)
                ?? throw new BadInputException($"--promise {PromiseText.Of(limit)}",
                    "not judged by gate 5", "p50, p90, p95 or p99 with enough requests"));
            promised.Add((PromiseText.Of(limit), limit.LimitNs / 1e6, new Interval(
                At(runs.Latency(limit.Metric)), At(runs.Low(limit.Metric)), At(runs.High(limit.Metric)))));
        }
        return promised;
    }

    static double? Percentile(LatencySummary summary, double percentile) => percentile switch
    {
        50 => summary.P50,
        90 => summary.P90,
        95 => summary.P95,
        99 => summary.P99,
        _ => null,
    };

    static JsonObject Facts(AccountOutcome current, AccountOutcome candidate, double overhead) => new()
    {
        ["workload"] = current.Request.Serving.Workload.Name,
        ["requests_per_second"] = current.Request.Serving.RequestsPerSecond,
        ["prompt_tokens"] = current.Request.Serving.Workload.MeanPromptTokens,
        ["output_tokens"] = current.Request.Serving.Workload.MeanOutputTokens,
        ["peak_over_mean"] = FleetSize.PeakOverMean(current.Request.Serving.Workload.WeeklyEnvelope),
        ["spare_replicas"] = candidate.Request.SpareReplicas,
        ["promise"] = string.Join(", ", current.Request.Serving.Limits.Select(l => PromiseText.Of(l))),
        ["adapter_overhead"] = overhead,
        ["current"] = Side(current, 1),
        ["candidate"] = Side(candidate, overhead),
    };

    static JsonObject Side(AccountOutcome outcome, double overhead)
    {
        var deployment = outcome.Engine.Deployment;
        var side = new JsonObject
        {
            ["model"] = deployment.Model.Name,
            ["gpu"] = $"{deployment.Accelerators} x {deployment.Accelerator.Name}",
            ["price"] = outcome.Request.Price is var price && price.AsOf is { } date
                ? $"${price.UsdPerHour} an hour, {price.ProviderType} as of {date}"
                : $"${outcome.Request.Price.UsdPerHour} an hour, as given",
        };
        if (outcome.Result is not { } result)
        {
            side["broken"] = outcome.Broken;
            return side;
        }
        var account = result.Classes[0];
        var usd = Usd(outcome, overhead);
        side["usd_per_request"] = usd.Point;
        side["usd_low"] = usd.Low;
        side["usd_high"] = double.IsFinite(usd.High) ? usd.High : null;
        side["usd_per_million_tokens"] = overhead * (double)account.Cost.UsdPerMillionTokens;
        side["replicas"] = account.Fleet.Replicas;
        side["usd_per_hour"] = account.Fleet.UsdPerHour;
        side["utilisation"] = account.Utilisation;
        side["load_line_requests_per_second"] = account.LoadLine.RequestsPerSecond;
        side["accelerators_per_replica"] = deployment.Accelerators;
        side["usd_per_gpu_hour"] = (double)outcome.Request.Price.UsdPerHour;
        side["ttft_p95_ms"] = account.Latency.TtftMs.P95;
        side["itl_p95_ms"] = account.Latency.ItlMs.P95;
        side["tier"] = account.Tier;
        return side;
    }
}
