using System;
using System.Linq;
using System.Text;

namespace Plimsoll.Cli.Emitted;

/// <summary>A fleet as values of llm-d's model service chart and as a graph of NVIDIA Dynamo.</summary>
static class OrchestratorFiles
{
    public static string LlmD(EmittedFleet fleet)
    {
        var text = new StringBuilder(fleet.Head);
        var d = fleet.Candidate.Deployment;
        text.Append("# values of the chart llm-d-modelservice\n");
        text.Append(fleet.Roles.Any(role => fleet.Nodes(role.Role) > 1)
            ? "multinode: true\n" : "multinode: false\n");
        text.Append($"modelArtifacts:\n  name: {d.Model.Name}\n  uri: hf://OWNER/{d.Model.Name}\n");
        text.Append($"accelerator:\n  type: {d.Accelerator.Vendor.ToLowerInvariant()}\n");
        text.Append("routing:\n  servicePort: 8000\n");
        text.Append(fleet.Candidate.IsDisaggregated ? "" : "prefill:\n  create: false\n");
        foreach (var (role, name) in fleet.Roles)
        {
            text.Append(name == "prefill" ? "prefill:\n" : "decode:\n").Append("  create: true\n");
            text.Append(FormattableString.Invariant($"  replicas: {fleet.Count(role)}\n"));
            var engine = fleet.Engine(role);
            text.Append(FormattableString.Invariant(
                $"  parallelism: {{tensor: {engine.TensorParallel}, data: {engine.DataParallel}}}\n"));
            text.Append("  containers:\n    - name: vllm\n      image: ghcr.io/llm-d/llm-d:latest\n");
            text.Append("      modelCommand: vllmServe\n      args:\n");
            foreach (var word in EngineCommand.Flags(fleet.Candidate, engine, role))
                text.Append($"        - '{word.Replace("'", "''")}'\n");
            text.Append(FormattableString.Invariant(
                $"      resources: {{limits: {{{fleet.Resource}: {fleet.PerNode(role)}}}}}\n"));
        }
        return text.ToString();
    }

    public static string Dynamo(EmittedFleet fleet)
    {
        var text = new StringBuilder(fleet.Head);
        var d = fleet.Candidate.Deployment;
        text.Append("apiVersion: nvidia.com/v1alpha1\nkind: DynamoGraphDeployment\nmetadata:\n")
            .Append($"  name: {fleet.Name}\nspec:\n  services:\n")
            .Append("    Frontend:\n      componentType: frontend\n      replicas: 1\n")
            .Append("      envs: [{name: DYN_ROUTER_MODE, value: ")
            .Append(fleet.Candidate.Router == Plimsoll.Core.Routing.RoutingPolicy.PrefixAffinity ? "kv"
                : "round-robin")
            .Append("}]\n");
        foreach (var (role, name) in fleet.Roles)
        {
            var isPrefill = name == "prefill";
            text.Append(isPrefill ? "    VllmPrefillWorker:\n" : "    VllmDecodeWorker:\n")
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
            // Dynamo connects the pools itself.
            var flags = EngineCommand.Flags(fleet.Candidate, fleet.Engine(role));
            text.Append("      extraPodSpec:\n        mainContainer:\n")
                .Append("          image: nvcr.io/nvidia/ai-dynamo/vllm-runtime:latest\n")
                .Append("          command: [python3, -m, dynamo.vllm]\n          args:\n")
                .Append($"            - '--model'\n            - '{d.Model.Name}'\n");
            foreach (var word in flags.Concat(isPrefill ? ["--is-prefill-worker"] : []))
                text.Append($"            - '{word.Replace("'", "''")}'\n");
        }
        return text.ToString();
    }
}
