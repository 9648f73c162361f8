using System;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using k8s;
using k8s.Models;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>
/// What a cluster is told, read by the types that are generated from the cluster's own schemas; and what a
/// running server takes over.
/// </summary>
public sealed class DeploymentTests
{
    const string Fleet = """
        listen: [http://0.0.0.0:8000]
        ledger: LEDGER
        models:
          - name: fleet
            price_usd_per_hour: 2
            upstreams:
              - url: http://vllm-0.vllm:8001
        keys:
          - tenant: acme
            id: aaaa
            hash: pbkdf2-sha256$100000$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
        """;

    [Fact]
    public void A_configuration_becomes_objects_that_the_clusters_schemas_know()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("fleet.yaml", Fleet.Replace("LEDGER", "sqlite"));
        var result = PlimsollProcess.Run(
            "serve", "--config", file, "--emit", "kubernetes", "--image", "r/p:1");
        result.ExitCode.ShouldBe(0, result.Story);
        var objects = KubernetesYaml.LoadAllFromString(result.Output, strict: true);
        objects.Select(o => o.GetType().Name).ShouldBe(
            ["V1ConfigMap", "V1Deployment", "V1Service", "V1NetworkPolicy", "V1PersistentVolumeClaim"]);
        var config = objects.OfType<V1ConfigMap>().Single().Data["plimsoll.yaml"];
        config.TrimEnd().ShouldBe(Fleet.Replace("LEDGER", "sqlite").ReplaceLineEndings("\n"));
        var deployment = objects.OfType<V1Deployment>().Single();
        deployment.Spec.Replicas.ShouldBe(1);
        deployment.Spec.Strategy.Type.ShouldBe("Recreate");
        deployment.Spec.Template.Spec.TerminationGracePeriodSeconds.ShouldBe(45);
        var container = deployment.Spec.Template.Spec.Containers.Single();
        container.Image.ShouldBe("r/p:1");
        container.SecurityContext.ReadOnlyRootFilesystem.ShouldBe(true);
        objects.OfType<V1Service>().Single().Spec.Selector.ShouldBe(deployment.Spec.Selector.MatchLabels);
        var policy = objects.OfType<V1NetworkPolicy>().Single();
        policy.Spec.Egress.SelectMany(rule => rule.Ports).Select(port => port.Port.Value)
            .ShouldBe(["53", "53", "8001"]);
    }

    /// <summary>The SDK puts the program into the image's working folder: /app, if nothing is said.</summary>
    [Fact]
    public void No_volume_hides_the_images_program()
    {
        var binary = PlimsollProcess.Binary;
        var sources = binary[..binary.IndexOf("/bin/", StringComparison.Ordinal)];
        File.ReadAllText(Path.Combine(sources, "Plimsoll.Cli.csproj"))
            .ShouldNotContain("<ContainerWorkingDirectory>");
        using var folder = new TemporaryFolder();
        var file = folder.File("fleet.yaml", Fleet.Replace("LEDGER", "sqlite"));
        var objects = KubernetesYaml.LoadAllFromString(
            PlimsollProcess.Run("serve", "--config", file, "--emit", "kubernetes").Output, strict: true);
        var container = objects.OfType<V1Deployment>().Single().Spec.Template.Spec.Containers.Single();
        container.VolumeMounts.ShouldAllBe(mount => !mount.MountPath.StartsWith("/app"));
    }

    [Fact]
    public void Where_the_state_is_shared_there_are_several_and_they_scale()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("fleet.yaml", Fleet.Replace("LEDGER", "postgres://u:p@db/plimsoll")
            + "\ntelemetry:\n  otlp_endpoint: http://collector:4317\n");
        var result = PlimsollProcess.Run("serve", "--config", file, "--emit", "kubernetes");
        var objects = KubernetesYaml.LoadAllFromString(result.Output, strict: true);
        ChartTests.IsOneFolderOfAll(objects);
        var scaler = objects.OfType<V2HorizontalPodAutoscaler>().Single();
        scaler.Spec.ScaleTargetRef.Name.ShouldBe("plimsoll");
        scaler.Spec.Metrics.Single().Pods.Metric.Name.ShouldBe("plimsoll_requests_in_flight");
        objects.OfType<V1NetworkPolicy>().Single().Spec.Egress.SelectMany(rule => rule.Ports)
            .Select(port => port.Port.Value).ShouldBe(["53", "53", "4317", "5432", "8001"]);
    }

    [Fact]
    public void What_no_pod_could_reach_is_refused()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("fleet.yaml",
            Fleet.Replace("LEDGER", "sqlite").Replace("0.0.0.0", "127.0.0.1"));
        PlimsollProcess.Run("serve", "--config", file, "--emit", "kubernetes")
            .ShouldBeRefused("no address that other pods reach");
        PlimsollProcess.Run("serve", "--emit", "kubernetes").ShouldBeRefused("--config FILE");
    }

    [Fact]
    public async Task Keys_and_levels_are_read_again_and_models_are_said_to_stay()
    {
        var (old, oldKey) = RunningServer.NewKey("acme");
        var (fresh, freshKey) = RunningServer.NewKey("acme");
        await using var server = await RunningServer.StartAsync(config => config.Keys = [oldKey]);
        (await server.GetAsync("/v1/models", old)).Status.ShouldBe(200);
        server.Config.Keys = [freshKey];
        server.Host.Reload(server.Config).ShouldBeTrue();
        (await server.GetAsync("/v1/models", old)).Status.ShouldBe(401);
        (await server.GetAsync("/v1/models", fresh)).Status.ShouldBe(200);
        server.Config.Levels["night"] = new LevelConfig { Ttft = "5s", ServiceTiers = ["night"] };
        server.Host.Reload(server.Config).ShouldBeTrue();
        var (status, body, _) = await server.PostAsync("/v1/chat/completions",
            """{"model":"sim","max_tokens":2,"service_tier":"night","messages":[{"role":"user","content":"hi"}]}""",
            fresh);
        status.ShouldBe(200, body.ToString());
        server.Config.Models.Add(RunningServer.Simulated("second"));
        server.Host.Reload(server.Config).ShouldBeFalse();
    }

    [Fact]
    public async Task What_a_running_server_cannot_change_is_said_to_stay()
    {
        await using var server = await RunningServer.StartAsync();
        var limits = server.Config.Limits;
        server.Config.Limits = new LimitsConfig { Drain = "1s", MaxConcurrentRequests = 3 };
        server.Host.Reload(server.Config).ShouldBeTrue();
        server.Config.Limits = new LimitsConfig { MaxConnections = limits.MaxConnections + 1 };
        server.Host.Reload(server.Config).ShouldBeFalse();
        server.Config.Limits = new LimitsConfig { HeadersTimeout = "14s" };
        server.Host.Reload(server.Config).ShouldBeFalse();
        server.Config.Limits = new LimitsConfig { BatchConcurrency = limits.BatchConcurrency + 1 };
        server.Host.Reload(server.Config).ShouldBeTrue();
    }
}
