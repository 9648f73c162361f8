using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Core.Promises;
using Plimsoll.Server.Configuration;
using Plimsoll.Server.Storage;

namespace Plimsoll.Server.Cluster;

/// <summary>What a cluster is told besides the configuration.</summary>
/// <param name="Image">The container image, with its tag.</param>
/// <param name="Name">Name of every object.</param>
public sealed record KubernetesOptions(string Image, string Name = "plimsoll");

/// <summary>
/// A configuration as objects of a cluster: Deployment, Service, ConfigMap, NetworkPolicy, a claim for the
/// state where it is on disk, and an autoscaler where several processes may share it in PostgreSQL.
/// </summary>
public static class KubernetesManifest
{
    /// <summary>Requests in flight in one pod above which another is started.</summary>
    const int RequestsPerPod = 200;

    /// <summary>The objects as one YAML stream.</summary>
    /// <param name="text">The configuration file, put into the ConfigMap as it is.</param>
    /// <param name="config">The same, read.</param>
    /// <param name="name">Named in messages.</param>
    public static string Write(string text, ServeConfig config, KubernetesOptions options, string name) =>
        string.Join("---\n", Objects(text, config, options, name));

    static IEnumerable<string> Objects(
        string text, ServeConfig config, KubernetesOptions options, string name)
    {
        var port = PortOf(config, name);
        var shares = IsShared(config);
        yield return ConfigMap(text, options.Name);
        yield return Workload(config, options, port, shares);
        yield return Service(options.Name, port);
        yield return NetworkPolicy(config, options.Name, port);
        yield return Claim(options.Name, shares);
        if (shares)
            yield return Autoscaler(options.Name);
    }

    static bool IsShared(ServeConfig config) =>
        Database.IsPostgres(config.Ledger);

    static int PortOf(ServeConfig config, string name)
    {
        foreach (var address in config.Listen)
        {
            var uri = new Uri(address);
            if (uri.Scheme == "http" && !ConfigCheck.IsLoopback(uri.Host))
                return uri.Port;
        }
        throw new BadInputException(
            $"{name}: listen has no address that other pods reach; expected http://0.0.0.0:8000");
    }

    static string ConfigMap(string text, string name)
    {
        var lines = text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n')
            .Select(line => line.Length == 0 ? "" : "    " + line);
        return $"""
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: {name}
              labels: {Labels(name)}
            data:
              plimsoll.yaml: |
            {string.Join('\n', lines)}

            """;
    }

    static string Workload(ServeConfig config, KubernetesOptions options, int port, bool shares)
    {
        var grace = (PromiseText.Duration(config.Limits.Drain, "drain") / 1_000_000_000) + 15;
        return $$"""
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: {{options.Name}}
              labels: {{Labels(options.Name)}}
            spec:
              replicas: {{(shares ? 2 : 1)}}
              strategy: {{(shares ? "{type: RollingUpdate}" : "{type: Recreate}")}}
              selector:
                matchLabels: {{Labels(options.Name)}}
              template:
                metadata:
                  labels: {{Labels(options.Name)}}
                  annotations:
                    prometheus.io/scrape: "true"
                    prometheus.io/path: /metrics
                    prometheus.io/port: "{{port}}"
                spec:
                  terminationGracePeriodSeconds: {{grace}}
                  automountServiceAccountToken: false
                  securityContext:
                    runAsNonRoot: true
                    runAsUser: 1654
                    fsGroup: 1654
                    seccompProfile: {type: RuntimeDefault}
                  volumes:
                    - name: config
                      configMap: {name: {{options.Name}}}
                    - name: state
                      persistentVolumeClaim: {claimName: {{options.Name}}}
                    - name: tmp
                      emptyDir: {}
                  containers:

            """ + Container(options, port);
    }

    static string Container(KubernetesOptions options, int port) => $$"""
                    - name: plimsoll
                      image: {{options.Image}}
                      args: [serve, --config, /etc/plimsoll/plimsoll.yaml]
                      workingDir: /var/lib/plimsoll
                      ports:
                        - {name: http, containerPort: {{port}}}
                      envFrom:
                        - secretRef: {name: {{options.Name}}-env, optional: true}
                      readinessProbe:
                        httpGet: {path: /health, port: http}
                        periodSeconds: 2
                      livenessProbe:
                        httpGet: {path: /version, port: http}
                        periodSeconds: 10
                      resources:
                        requests: {cpu: "1", memory: 512Mi}
                        limits: {memory: 2Gi}
                      securityContext:
                        allowPrivilegeEscalation: false
                        readOnlyRootFilesystem: true
                        capabilities: {drop: [ALL]}
                      volumeMounts:
                        - {name: config, mountPath: /etc/plimsoll, readOnly: true}
                        - {name: state, mountPath: /var/lib/plimsoll}
                        - {name: tmp, mountPath: /tmp}

            """;

    static string Service(string name, int port) => $$"""
        apiVersion: v1
        kind: Service
        metadata:
          name: {{name}}
          labels: {{Labels(name)}}
        spec:
          selector: {{Labels(name)}}
          ports:
            - {name: http, port: {{port}}, targetPort: http}

        """;

    /// <summary>
    /// In by the one port; out to names and to the ports of upstreams, database and collector.
    /// </summary>
    static string NetworkPolicy(ServeConfig config, string name, int port)
    {
        var ports = new SortedSet<int>();
        foreach (var model in config.Models)
        {
            foreach (var upstream in model.Upstreams)
                ports.Add(new Uri(upstream.Url).Port);
        }
        if (IsShared(config))
            ports.Add(new Uri(config.Ledger).Port is > 0 and var stated ? stated : 5432);
        if (config.Telemetry.OtlpEndpoint is { } collector)
            ports.Add(new Uri(collector).Port);
        var outward = ports.Count == 0 ? "" : "    - ports:\n" + string.Join('\n', ports.Select(
            to => $"        - {{protocol: TCP, port: {to.ToString(CultureInfo.InvariantCulture)}}}")) + "\n";
        return $$"""
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata:
              name: {{name}}
              labels: {{Labels(name)}}
            spec:
              podSelector:
                matchLabels: {{Labels(name)}}
              policyTypes: [Ingress, Egress]
              ingress:
                - ports:
                    - {protocol: TCP, port: {{port}}}
              egress:
                - ports:
                    - {protocol: UDP, port: 53}
                    - {protocol: TCP, port: 53}

            """ + outward;
    }

    static string Autoscaler(string name) => $$"""
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata:
          name: {{name}}
          labels: {{Labels(name)}}
        spec:
          scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{name}}}
          minReplicas: 2
          maxReplicas: 8
          metrics:
            - type: Pods
              pods:
                metric: {name: plimsoll_requests_in_flight}
                target: {type: AverageValue, averageValue: "{{RequestsPerPod}}"}

        """;

    /// <summary>Files and batches of all gateways that share a database are in one folder.</summary>
    static string Claim(string name, bool shares) => $$"""
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata:
          name: {{name}}
          labels: {{Labels(name)}}
        spec:
          accessModes: [{{(shares ? "ReadWriteMany" : "ReadWriteOnce")}}]
          resources:
            requests: {storage: 20Gi}

        """;

    static string Labels(string name) => $"{{app.kubernetes.io/name: {name}}}";
}
