using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Plimsoll.Cli.Emitted;

/// <summary>
/// A fleet as Kubernetes objects: a Deployment where an engine fits a node, a LeaderWorkerSet where it spans
/// several; a Service; and an autoscaler that keeps every engine below its load line.
/// </summary>
static class KubernetesFile
{
    /// <summary>
    /// Share of the load line that an autoscaler aims at; the rest is for the time a start takes.
    /// </summary>
    const double Aim = 0.9;

    public static string Of(EmittedFleet fleet)
    {
        var text = new StringBuilder(fleet.Head);
        text.Append("# MODEL: a Hugging Face id or a mounted path, in the ConfigMap below\n");
        text.Append("apiVersion: v1\nkind: ConfigMap\nmetadata:\n")
            .Append($"  name: {fleet.Name}\ndata:\n  MODEL: {fleet.Candidate.Deployment.Model.Name}\n");
        foreach (var (role, name) in fleet.Roles)
        {
            var full = name.Length == 0 ? fleet.Name : $"{fleet.Name}-{name}";
            text.Append("---\n").Append(fleet.Nodes(role) > 1
                ? LeaderWorkerSet(fleet, role, full) : Deployment(fleet, role, full));
            text.Append("---\n").Append(Service(full));
            text.Append("---\n").Append(Autoscaler(fleet, role, full));
        }
        if (fleet.Candidate.IsDisaggregated)
            text.Append("---\n").Append(Router(fleet)).Append("---\n").Append(Service(fleet.Router));
        return text.ToString();
    }

    static string Deployment(EmittedFleet fleet, string? role, string name) =>
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n"
        + $"  name: {name}\nspec:\n"
        + FormattableString.Invariant($"  replicas: {fleet.Count(role)}\n")
        + $"  selector:\n    matchLabels: {{app: {name}}}\n"
        + $"  template:\n    metadata:\n      labels: {{app: {name}}}\n    spec:\n"
        + Container(fleet, role, "      ", Command(fleet, role), isProbed: true);

    static string LeaderWorkerSet(EmittedFleet fleet, string? role, string name) =>
        "# needs the LeaderWorkerSet operator: one engine spans several nodes\n"
        + "apiVersion: leaderworkerset.x-k8s.io/v1\nkind: LeaderWorkerSet\nmetadata:\n"
        + $"  name: {name}\nspec:\n"
        + FormattableString.Invariant($"  replicas: {fleet.Count(role)}\n")
        + "  leaderWorkerTemplate:\n"
        + FormattableString.Invariant($"    size: {fleet.Nodes(role)}\n")
        + "    restartPolicy: RecreateGroupOnPodRestart\n"
        + $"    leaderTemplate:\n      metadata:\n        labels: {{app: {name}}}\n      spec:\n"
        + Container(fleet, role, "        ", Script(fleet, role), isProbed: true)
        + "    workerTemplate:\n      spec:\n"
        + Container(fleet, role, "        ", Script(fleet, role), isProbed: false);

    static string Command(EmittedFleet fleet, string? role)
    {
        var engine = fleet.Engine(role);
        IEnumerable<string> flags =
        [
            .. EngineCommand.Ranks(engine), .. EngineCommand.Flags(fleet.Candidate, engine, role),
            "--port", "8000",
        ];
        return "command: [vllm, serve, $(MODEL)]\nargs:\n"
            + string.Concat(flags.Select(word => $"  - '{word.Replace("'", "''")}'\n"));
    }

    static string Script(EmittedFleet fleet, string? role) =>
        "command: [sh, -c]\nargs:\n  - |\n" + NodeScript.Of(fleet, role, "8000", "    ");

    static string Container(
        EmittedFleet fleet, string? role, string indent, string command, bool isProbed)
    {
        var text = new StringBuilder();
        text.Append($"name: engine\nimage: {fleet.Image}\n").Append(command);
        if (isProbed)
        {
            text.Append("ports: [{containerPort: 8000}]\n")
                .Append("readinessProbe: {httpGet: {path: /health, port: 8000}, periodSeconds: 5}\n")
                .Append("startupProbe: {httpGet: {path: /health, port: 8000}, failureThreshold: 240, "
                    + "periodSeconds: 5}\n");
        }
        text.Append($"envFrom: [{{configMapRef: {{name: {fleet.Name}}}}}]\n");
        if (role is not null)
        {
            text.Append("env:\n  - name: VLLM_NIXL_SIDE_CHANNEL_HOST\n")
                .Append("    valueFrom: {fieldRef: {fieldPath: status.podIP}}\n");
        }
        text.Append(FormattableString.Invariant(
            $"resources: {{limits: {{{fleet.Resource}: {fleet.PerNode(role)}}}}}\n"));
        text.Append("volumeMounts: [{name: shm, mountPath: /dev/shm}]\n");
        return $"{indent}containers:\n{indent}  - "
            + text.ToString().TrimEnd('\n').Replace("\n", $"\n{indent}    ", StringComparison.Ordinal)
            + $"\n{indent}volumes: [{{name: shm, emptyDir: {{medium: Memory}}}}]\n";
    }

    /// <summary>Pools apart are no fleet until somebody sends a request to both of them in turn.</summary>
    static string Router(EmittedFleet fleet) =>
        "# sends a request to prefill, then to decode; an image that has it starts without a download\n"
        + "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n"
        + $"  name: {fleet.Router}\nspec:\n  replicas: 1\n"
        + $"  selector:\n    matchLabels: {{app: {fleet.Router}}}\n"
        + $"  template:\n    metadata:\n      labels: {{app: {fleet.Router}}}\n    spec:\n"
        + "      containers:\n        - name: router\n          image: python:3.12-slim\n"
        + "          command: [sh, -c]\n          args:\n            - |\n"
        + "              pip install vllm-router && exec vllm-router --vllm-pd-disaggregation \\\n"
        + $"                --policy consistent_hash --prefill http://{fleet.Name}-prefill:8000 \\\n"
        + $"                --decode http://{fleet.Name}-decode:8000 --host 0.0.0.0 --port 8000\n"
        + "          ports: [{containerPort: 8000}]\n";

    static string Service(string name) =>
        $"apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\nspec:\n"
        + $"  selector: {{app: {name}}}\n  ports: [{{port: 8000, targetPort: 8000}}]\n";

    static string Autoscaler(EmittedFleet fleet, string? role, string name)
    {
        var all = fleet.Count(role);
        var spare = fleet.Spare * all / fleet.Units;
        // For half of the mean demand, as nights are; spares kept.
        var least = Math.Max(1, (int)Math.Ceiling((all - spare) / fleet.PeakOverMean / 2) + spare);
        var each = fleet.Line * Aim * fleet.Units / all;
        var kind = fleet.Nodes(role) > 1
            ? "apiVersion: leaderworkerset.x-k8s.io/v1, kind: LeaderWorkerSet"
            : "apiVersion: apps/v1, kind: Deployment";
        return "# requests per second and pod: rate(vllm:request_success_total[1m]) by an adapter\n"
            + $"apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: {name}\nspec:\n"
            + $"  scaleTargetRef: {{{kind}, name: {name}}}\n"
            + FormattableString.Invariant($"  minReplicas: {least}\n  maxReplicas: {all}\n")
            + "  metrics:\n    - type: Pods\n      pods:\n"
            + "        metric: {name: vllm_requests_per_second}\n"
            + FormattableString.Invariant(
                $"        target: {{type: AverageValue, averageValue: \"{1000 * each:0}m\"}}\n");
    }
}
