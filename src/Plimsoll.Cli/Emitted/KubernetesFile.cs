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
        return text.ToString();
    }

    static string Deployment(EmittedFleet fleet, string? role, string name) =>
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n"
        + $"  name: {name}\nspec:\n"
        + FormattableString.Invariant($"  replicas: {fleet.Count(role)}\n")
        + $"  selector:\n    matchLabels: {{app: {name}}}\n"
        + $"  template:\n    metadata:\n      labels: {{app: {name}}}\n    spec:\n"
        + Containers(fleet, role, "      ", ["--port", "8000"]);

    static string LeaderWorkerSet(EmittedFleet fleet, string? role, string name) =>
        "# needs the LeaderWorkerSet operator: one engine spans several nodes\n"
        + "apiVersion: leaderworkerset.x-k8s.io/v1\nkind: LeaderWorkerSet\nmetadata:\n"
        + $"  name: {name}\nspec:\n"
        + FormattableString.Invariant($"  replicas: {fleet.Count(role)}\n")
        + "  leaderWorkerTemplate:\n"
        + FormattableString.Invariant($"    size: {fleet.Nodes(role)}\n")
        + "    restartPolicy: RecreateGroupOnPodRestart\n"
        + $"    leaderTemplate:\n      metadata:\n        labels: {{app: {name}}}\n      spec:\n"
        + Containers(fleet, role, "        ", ["--port", "8000", .. Spread(fleet.Engine(role))])
        + "    workerTemplate:\n      spec:\n"
        + Containers(fleet, role, "        ", [], "ray start --address=$LWS_LEADER_ADDRESS:6379 --block");

    /// <summary>Ranks on several nodes: whole engine ranks, or one rank that no node holds.</summary>
    static IEnumerable<string> Spread(Plimsoll.Core.Hardware.Deployment engine) => engine.DataParallel > 1
        ? ["--data-parallel-backend", "ray"] : ["--distributed-executor-backend", "ray"];

    static string Containers(
        EmittedFleet fleet, string? role, string indent, IReadOnlyList<string> more, string? command = null)
    {
        var text = new StringBuilder();
        void Line(string line) => text.Append(indent).Append(line).Append('\n');
        var version = fleet.Candidate.Deployment.Engine.EngineVersion;
        Line("containers:");
        Line("  - name: engine");
        Line($"    image: vllm/vllm-openai:{(version is null ? "latest" : "v" + version)}");
        if (command is not null)
        {
            Line($"    command: [sh, -c, '{command}']");
        }
        else
        {
            Line("    command: [vllm, serve, $(MODEL)]");
            Line("    args:");
            foreach (var word in EngineCommand.Flags(fleet.Candidate, fleet.Engine(role), role).Concat(more))
                Line($"      - '{word.Replace("'", "''")}'");
            Line("    ports: [{containerPort: 8000}]");
            Line("    readinessProbe: {httpGet: {path: /health, port: 8000}, periodSeconds: 5}");
            Line("    startupProbe: {httpGet: {path: /health, port: 8000}, failureThreshold: 240, "
                + "periodSeconds: 5}");
        }
        Line($"    envFrom: [{{configMapRef: {{name: {fleet.Name}}}}}]");
        Line(FormattableString.Invariant(
            $"    resources: {{limits: {{{fleet.Resource}: {fleet.PerNode(role)}}}}}"));
        Line("    volumeMounts: [{name: shm, mountPath: /dev/shm}]");
        Line("volumes: [{name: shm, emptyDir: {medium: Memory}}]");
        return text.ToString();
    }

    static string Service(string name) =>
        $"apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\nspec:\n  clusterIP: None\n"
        + $"  selector: {{app: {name}}}\n  ports: [{{port: 8000, targetPort: 8000}}]\n";

    static string Autoscaler(EmittedFleet fleet, string? role, string name)
    {
        var all = fleet.Count(role);
        var spare = fleet.Spare * all / fleet.Units;
        // At the mean demand, spares kept.
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
