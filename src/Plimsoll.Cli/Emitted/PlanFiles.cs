using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Planning.Plans;

namespace Plimsoll.Cli.Emitted;

/// <summary>
/// The best fleet of a plan as files that run it: the engine's command, Kubernetes, llm-d, Dynamo, and the
/// gateway's configuration. What a plan cannot know (the checkpoint, the cluster's labels) is a variable or
/// said in a comment.
/// </summary>
public static class PlanFiles
{
    const string Vllm = "vllm";

    /// <summary>Refuses a space whose best may be an engine that no file here starts.</summary>
    public static void Check(PlanSpace space)
    {
        if (space.Engines.FirstOrDefault(engine => engine.Name != Vllm).Name is { } other)
            throw new BadInputException($"--emit: of {other} no files are written", "", $"--engine {Vllm}");
    }

    public static IReadOnlyList<(string Name, byte[] Content)> Of(PlanOutcome outcome)
    {
        var entry = outcome.Best[0];
        var fleet = new EmittedFleet(
            entry.Candidate, outcome.Scale.Units(entry.Measure.Line), outcome.Scale.Spare, entry.Measure.Line,
            outcome.Scale.Peak / outcome.Request.Serving.RequestsPerSecond, Head(outcome, entry))
        {
            UsdPerHour = outcome.Scale.UsdPerHour(entry.Candidate, entry.Measure.Line),
        };
        var files = new List<(string, byte[])>();
        foreach (var (role, name) in fleet.Roles)
        {
            Add(name.Length == 0 ? "vllm-serve.sh" : $"vllm-serve-{name}.sh",
                "#!/bin/sh\n" + fleet.Head + NodeScript.Of(fleet, role, "\"${PORT:-8000}\""));
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
        var notes = EngineCommand.Notes(entry.Candidate.Deployment)
            .Concat(Policy(entry.Candidate.Policy)).Concat(Unread(entry.Candidate));
        foreach (var note in notes)
            text += $"# {note}\n";
        return text;
    }

    /// <summary>An engine has its own two; under another one the fleet carries another load.</summary>
    static IEnumerable<string> Policy(SchedulingPolicy policy)
    {
        if (policy != SchedulingPolicy.VllmV1 && policy != SchedulingPolicy.VllmV1Priority)
        {
            yield return $"was simulated under the policy {policy.Name}, which vLLM does not have: this "
                + "fleet is not shown to keep the promise; --policy "
                + $"{SchedulingPolicy.VllmV1.Name} plans one that is";
        }
    }

    /// <summary>Flags that a release as old as the plan's is not known to have.</summary>
    static IEnumerable<string> Unread(PlanCandidate candidate)
    {
        var release = candidate.Deployment.Engine.EngineVersion;
        var flags = new[] { candidate.Deployment, candidate.Prefill }.SelectMany(
            engine => EngineCommand.Flags(candidate, engine, EngineCommand.Producer)).ToHashSet();
        if (!candidate.IsDisaggregated)
            flags.Remove("--kv-transfer-config");
        return EngineFlagCatalogue.NewerThan(Vllm, release, flags).Select(flag =>
            $"{flag.Name}: known of vLLM {flag.Since} and later; the plan is of {release}");
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
            $"    price_usd_per_hour: {fleet.UsdPerHour:0.####}\n"));
        text.Append("    upstreams:\n");
        var service = fleet.Candidate.IsDisaggregated ? fleet.Router : fleet.Name;
        text.Append("      # one address per replica, where the gateway is to keep conversations together\n");
        text.Append($"      - url: http://{service}:8000\n");
        text.Append(FormattableString.Invariant(
            $"        max_concurrency: {fleet.Sequences}\n"));
        if (fleet.Candidate.Policy.Order == AdmissionOrder.Priority)
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
    /// <summary>Of all that is paid for.</summary>
    public required double UsdPerHour { get; init; }

    /// <summary>Requests that all ranks of all engines that give answers run at once.</summary>
    public long Sequences => (long)Units * Candidate.ServingReplicas * Candidate.Deployment.DataParallel
        * Candidate.Deployment.Engine.MaxNumSeqs;

    /// <summary>A name that Kubernetes takes.</summary>
    public string Name { get; } = "plimsoll-" + new string(
        [.. Candidate.Deployment.Model.Name.ToLowerInvariant()
        .Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-').Take(40)]).Trim('-');

    /// <summary>Who sends a request to prefill first, where the pools are apart.</summary>
    public string Router => $"{Name}-router";

    /// <summary>Engines by what they do, and how a file says it: one that does both has no name.</summary>
    public IReadOnlyList<(string? Role, string Name)> Roles => Candidate.IsDisaggregated
        ? [(EngineCommand.Producer, "prefill"), (EngineCommand.Consumer, "decode")] : [(null, "")];

    /// <summary>The engine of a role.</summary>
    public Deployment Engine(string? role) =>
        role == EngineCommand.Producer ? Candidate.Prefill : Candidate.Deployment;

    /// <summary>Engines of a role in the whole fleet.</summary>
    public int Count(string? role) =>
        Units * (role == EngineCommand.Producer ? Candidate.PrefillReplicas : Candidate.ServingReplicas);

    /// <summary>A node of a rack that is one domain has four.</summary>
    int MostPerNode => Candidate.Deployment.Accelerator.ScaleUpWorld is var world and <= 8 ? world : 4;

    /// <summary>Whether one rank of an engine is within a node.</summary>
    public bool RankFitsNode(string? role) => RankAccelerators(role) <= MostPerNode;

    int RankAccelerators(string? role) => Engine(role).TensorParallel * Engine(role).PipelineParallel;

    /// <summary>Ranks of an engine on one node, as many on each.</summary>
    public int LocalRanks(string? role)
    {
        var ranks = Engine(role).DataParallel;
        var most = Math.Max(1, Math.Min(ranks, MostPerNode / RankAccelerators(role)));
        while (ranks % most != 0)
            most--;
        return most;
    }

    /// <summary>Accelerators of one engine on one node.</summary>
    public int PerNode(string? role) => RankFitsNode(role)
        ? LocalRanks(role) * RankAccelerators(role) : MostPerNode;

    /// <summary>Nodes that an engine spans.</summary>
    public int Nodes(string? role) => (Engine(role).Accelerators + PerNode(role) - 1) / PerNode(role);

    /// <summary>An image of the engine for the accelerator's maker.</summary>
    public string Image
    {
        get
        {
            var release = Candidate.Deployment.Engine.EngineVersion is { } version ? $"v{version}" : "latest";
            return Candidate.Deployment.Accelerator.Vendor switch
            {
                "NVIDIA" => $"vllm/vllm-openai:{release}",
                "AMD" => $"vllm/vllm-openai-rocm:{release}",
                _ => "IMAGE-WITH-VLLM",
            };
        }
    }

    /// <summary>What device plugins call the accelerator.</summary>
    public string Resource => Candidate.Deployment.Accelerator.Vendor switch
    {
        "AMD" => "amd.com/gpu",
        "Intel" => "habana.ai/gaudi",
        "Google" => "google.com/tpu",
        "AWS" => "aws.amazon.com/neuron",
        _ => "nvidia.com/gpu",
    };
}
