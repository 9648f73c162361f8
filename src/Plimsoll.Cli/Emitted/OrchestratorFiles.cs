using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Plimsoll.Core.Routing;

namespace Plimsoll.Cli.Emitted;

/// <summary>A fleet as values of llm-d's model service chart and as a graph of NVIDIA Dynamo.</summary>
static class OrchestratorFiles
{
    /// <summary>
    /// The chart says the ranks of an engine on one node itself; an engine over nodes is started by our own
    /// script, since the chart starts every node alike.
    /// </summary>
    public static string LlmD(EmittedFleet fleet)
    {
        var text = new StringBuilder(fleet.Head);
        var d = fleet.Candidate.Deployment;
        var isMultinode = fleet.Roles.Any(role => fleet.Nodes(role.Role) > 1);
        text.Append("# values of the chart llm-d-modelservice 0.4.12\n");
        if (isMultinode)
            text.Append("# the first pod of a group answers: leaderworkerset.sigs.k8s.io/worker-index\n");
        text.Append(isMultinode ? "multinode: true\n" : "multinode: false\n");
        text.Append($"modelArtifacts:\n  name: {d.Model.Name}\n  uri: hf://OWNER/{d.Model.Name}\n");
        text.Append($"accelerator:\n  type: {Accelerator(d.Accelerator.Vendor)}\n");
        text.Append("routing:\n  servicePort: 8000\n  proxy: {enabled: ")
            .Append(fleet.Candidate.IsDisaggregated ? "true, targetPort: 8200}\n" : "false}\n");
        text.Append(fleet.Candidate.IsDisaggregated ? "" : "prefill:\n  create: false\n");
        foreach (var (role, name) in fleet.Roles)
        {
            text.Append(name == "prefill" ? "prefill:\n" : "decode:\n").Append("  create: true\n");
            text.Append(FormattableString.Invariant($"  replicas: {fleet.Count(role)}\n"));
            var engine = fleet.Engine(role);
            text.Append(FormattableString.Invariant(
                $"  parallelism: {{tensor: {engine.TensorParallel}, data: {engine.DataParallel}, ")
                + FormattableString.Invariant(
                    $"dataLocal: {fleet.LocalRanks(role)}, workers: {fleet.Nodes(role)}}}\n"));
            text.Append("  containers:\n    - name: vllm\n      image: ghcr.io/llm-d/llm-d-cuda:latest\n");
            text.Append(isMultinode ? Script(fleet, role) : Arguments(fleet, role));
            if (role is not null)
            {
                text.Append("      env:\n        - name: VLLM_NIXL_SIDE_CHANNEL_HOST\n")
                    .Append("          valueFrom: {fieldRef: {fieldPath: status.podIP}}\n");
            }
            text.Append(FormattableString.Invariant(
                $"      resources: {{limits: {{{fleet.Resource}: {fleet.PerNode(role)}}}}}\n"));
        }
        return text.ToString();
    }

    /// <summary>What the chart calls a maker's accelerators.</summary>
    static string Accelerator(string vendor) => vendor switch
    {
        "AMD" => "amd",
        "Google" => "google",
        "Intel" => "intel-gaudi",
        _ => "nvidia",
    };

    static string Arguments(EmittedFleet fleet, string? role) =>
        "      modelCommand: vllmServe\n      args:\n" + Words(
            EngineCommand.Flags(fleet.Candidate, fleet.Engine(role), role), "        ");

    static string Script(EmittedFleet fleet, string? role)
    {
        // The proxy beside a decoding engine has the service's port.
        var port = role == EngineCommand.Consumer ? "8200" : "8000";
        return "      modelCommand: custom\n      command: [sh, -c]\n      args:\n        - |\n"
            + $"          MODEL=OWNER/{fleet.Candidate.Deployment.Model.Name}\n"
            + NodeScript.Of(fleet, role, port, "          ");
    }

    static string Words(IEnumerable<string> words, string indent) =>
        string.Concat(words.Select(word => $"{indent}- '{word.Replace("'", "''")}'\n"));

    public static string Dynamo(EmittedFleet fleet)
    {
        const string Image = "nvcr.io/nvidia/ai-dynamo/vllm-runtime:1.6.1";
        var text = new StringBuilder(fleet.Head);
        var d = fleet.Candidate.Deployment;
        text.Append("apiVersion: nvidia.com/v1alpha1\nkind: DynamoGraphDeployment\nmetadata:\n")
            .Append($"  name: {fleet.Name}\nspec:\n  services:\n")
            .Append("    Frontend:\n      componentType: frontend\n      replicas: 1\n")
            .Append("      envs: [{name: DYN_ROUTER_MODE, value: ")
            .Append(fleet.Candidate.Router == RoutingPolicy.PrefixAffinity ? "kv" : "round-robin")
            .Append($"}}]\n      extraPodSpec:\n        mainContainer:\n          image: {Image}\n");
        foreach (var (role, name) in fleet.Roles)
        {
            text.Append(name == "prefill" ? "    VllmPrefillWorker:\n" : "    VllmDecodeWorker:\n")
                .Append("      componentType: worker\n")
                .Append(name.Length > 0 ? $"      subComponentType: {name}\n" : "")
                .Append(FormattableString.Invariant($"      replicas: {fleet.Count(role)}\n"))
                .Append(FormattableString.Invariant(
                    $"      resources: {{limits: {{gpu: \"{fleet.PerNode(role)}\"}}}}\n"));
            if (fleet.Nodes(role) > 1)
            {
                text.Append(FormattableString.Invariant(
                    $"      multinode: {{nodeCount: {fleet.Nodes(role)}}}\n"));
            }
            var engine = fleet.Engine(role);
            IEnumerable<string> flags =
            [
                "--model", $"OWNER/{d.Model.Name}", .. EngineCommand.Ranks(engine),
                .. EngineCommand.Flags(fleet.Candidate, engine, role, transferRole: "kv_both"),
            ];
            if (role is not null)
                flags = [.. flags, "--disaggregation-mode", name];
            text.Append("      extraPodSpec:\n        mainContainer:\n")
                .Append($"          image: {Image}\n")
                .Append("          command: [python3, -m, dynamo.vllm]\n          args:\n")
                .Append(Words(flags, "            "));
        }
        return text.ToString();
    }
}
