using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Models;
using Plimsoll.Core.Promises;
using Plimsoll.Planning.Plans;

namespace Plimsoll.Cli.Emitted;

/// <summary>
/// The best fleet of a plan as files that run it: the engine's command, Kubernetes, llm-d, Dynamo, and the
/// gateway's configuration. What a plan cannot know (the checkpoint, the cluster's labels) is a variable or
/// said in a comment.
/// </summary>
public static class PlanFiles
{
    public static IReadOnlyList<(string Name, byte[] Content)> Of(PlanOutcome outcome)
    {
        var entry = outcome.Best[0];
        var fleet = new EmittedFleet(
            entry.Candidate, outcome.Scale.Units(entry.Measure.Line), outcome.Scale.Spare, entry.Measure.Line,
            outcome.Scale.Peak / outcome.Request.Serving.RequestsPerSecond, Head(outcome, entry));
        var files = new List<(string, byte[])>();
        foreach (var (role, name) in fleet.Roles)
        {
            Add(name.Length == 0 ? "vllm-serve.sh" : $"vllm-serve-{name}.sh",
                "#!/bin/sh\n" + fleet.Head + "set -eu\nexec "
                + EngineCommand.Shell(entry.Candidate, fleet.Engine(role), role, "\"${PORT:-8000}\""));
        }
        Add("kubernetes.yaml", KubernetesFile.Of(fleet));
        Add("llm-d-values.yaml", OrchestratorFiles.LlmD(fleet));
        Add("dynamo.yaml", OrchestratorFiles.Dynamo(fleet));
        Add("plimsoll-gateway.yaml", Gateway(fleet, outcome.Request));
        return files;

        void Add(string name, string text) => files.Add((name, Encoding.UTF8.GetBytes(text)));
    }

    static string Head(PlanOutcome outcome, PlanEntry entry)
    {
        var request = outcome.Request;
        var promise = request.IsBatch ? "none (batch)"
            : string.Join(", ", request.Serving.Limits.Select(PromiseText.Of));
        var text = FormattableString.Invariant(
            $"# plimsoll plan: {request.Serving.Workload.Name} at {request.Serving.RequestsPerSecond:0.##} ")
            + $"requests/s, promise {promise}\n"
            + $"# {entry.Candidate.Key}\n"
            + FormattableString.Invariant(
                $"# load line {entry.Measure.Line:0.00} requests/s a unit, fleet of ")
            + FormattableString.Invariant($"{outcome.Scale.Units(entry.Measure.Line)}, ")
            + FormattableString.Invariant(
                $"${outcome.Scale.UsdPerHour(entry.Candidate, entry.Measure.Line):0.00} an hour\n");
        return EngineCommand.NeededCheckpoint(entry.Candidate.Deployment) is { } needed
            ? text + $"# needs {needed}\n" : text;
    }

    /// <summary>The gateway before the fleet, its levels the promise.</summary>
    static string Gateway(EmittedFleet fleet, PlanRequest request)
    {
        var text = new StringBuilder(fleet.Head);
        text.Append("listen: [http://127.0.0.1:8000]\nlevels:\n  interactive:\n");
        var (ttft, itl) = (Tightest(request, Metric.Ttft), Tightest(request, Metric.Itl)
            ?? Tightest(request, Metric.Tpot));
        if (ttft is null && itl is null)
            text.Append("    window: 24h\n");
        if (ttft is { } first)
            text.Append(FormattableString.Invariant($"    ttft: {first}ms\n"));
        if (itl is { } gap)
            text.Append(FormattableString.Invariant($"    itl: {gap}ms\n"));
        text.Append("    service_tiers: [default, priority]\n");
        text.Append("  batch:\n    window: 24h\n    service_tiers: [flex]\nmodels:\n");
        text.Append($"  - name: {fleet.Candidate.Deployment.Model.Name}\n");
        text.Append("    # of all engines behind the one address; of one where each has an address here\n");
        text.Append(FormattableString.Invariant(
            $"    price_usd_per_hour: {fleet.Units * fleet.Candidate.UsdPerHour:0.####}\n"));
        text.Append("    upstreams:\n");
        var service = fleet.Candidate.IsDisaggregated ? $"{fleet.Name}-decode" : fleet.Name;
        text.Append("      # one address per replica, where the gateway is to keep conversations together\n");
        text.Append($"      - url: http://{service}:8000\n");
        text.Append(FormattableString.Invariant(
            $"        max_concurrency: {fleet.Units * fleet.Candidate.Deployment.Engine.MaxNumSeqs}\n"));
        if (fleet.Candidate.Policy.Order == Plimsoll.Core.Scheduling.AdmissionOrder.Priority)
            text.Append("        priority: true\n");
        return text.ToString();
    }

    static long? Tightest(PlanRequest request, Metric metric)
    {
        var limits = request.Serving.Limits.Where(l => l.Metric == metric).Select(l => l.LimitNs).ToList();
        return limits.Count > 0 ? Math.Max(1, limits.Min() / 1_000_000) : null;
    }
}

/// <summary>The fleet that is written down.</summary>
/// <param name="Candidate">Its unit.</param>
/// <param name="Units">How many, spares included.</param>
/// <param name="Spare">Of them spares.</param>
/// <param name="Line">Load line of a unit, requests per second.</param>
/// <param name="PeakOverMean">Of the demand.</param>
/// <param name="Head">Comment lines that say where it comes from.</param>
sealed record EmittedFleet(
    PlanCandidate Candidate, int Units, int Spare, double Line, double PeakOverMean, string Head)
{
    /// <summary>A name that Kubernetes takes.</summary>
    public string Name { get; } = "plimsoll-" + new string(
        [.. Candidate.Deployment.Model.Name.ToLowerInvariant()
        .Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-').Take(40)]).Trim('-');

    /// <summary>Engines by what they do, and how a file says it: one that does both has no name.</summary>
    public IReadOnlyList<(string? Role, string Name)> Roles => Candidate.IsDisaggregated
        ? [(EngineCommand.Producer, "prefill"), ("kv_consumer", "decode")] : [(null, "")];

    /// <summary>The engine of a role.</summary>
    public Deployment Engine(string? role) =>
        role == EngineCommand.Producer ? Candidate.Prefill : Candidate.Deployment;

    /// <summary>Engines of a role in the whole fleet.</summary>
    public int Count(string? role) =>
        Units * (role == EngineCommand.Producer ? Candidate.PrefillReplicas : Candidate.ServingReplicas);

    /// <summary>Accelerators of one engine on one node.</summary>
    public int PerNode(string? role) => Math.Min(
        Engine(role).Accelerators, Math.Min(8, Candidate.Deployment.Accelerator.ScaleUpWorld));

    /// <summary>Nodes that an engine spans.</summary>
    public int Nodes(string? role) => (Engine(role).Accelerators + PerNode(role) - 1) / PerNode(role);

    /// <summary>What device plugins call the accelerator.</summary>
    public string Resource => Candidate.Deployment.Accelerator.Vendor switch
    {
        "AMD" => "amd.com/gpu",
        "Intel" => "habana.ai/gaudi",
        "Google" => "google.com/tpu",
        "AWS" => "aws.amazon.com/neuron",
        _ => "nvidia.com/gpu",
    };

    public string Weights => Candidate.Deployment.Weights.Name();
}
