using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using k8s;
using k8s.Models;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests;

/// <summary>
/// What `plimsoll plan --emit` writes, read by whom it is for: Kubernetes by the types generated from the
/// cluster's own schemas, the gateway's configuration by our own server, the others as YAML.
/// </summary>
public sealed class EmittedFleetTests
{
    static readonly string[] Plan =
    [
        "plan", "--model", "Llama-3.1-8B", "--gpu", "h100", "--tp", "1", "--rate", "40", "--requests", "200",
    ];

    [Fact]
    public void A_plain_fleet_is_read_by_whom_it_is_for()
    {
        using var folder = new TemporaryFolder();
        Emit(folder, []);
        var objects = Kubernetes(folder);
        objects.Select(o => o.GetType().Name).ShouldBe(
            ["V1ConfigMap", "V1Deployment", "V1Service", "V2HorizontalPodAutoscaler"]);
        var deployment = objects.OfType<V1Deployment>().Single();
        var fleet = deployment.Spec.Replicas!.Value;
        objects.OfType<V2HorizontalPodAutoscaler>().Single().Spec.MaxReplicas.ShouldBe(fleet);
        deployment.Spec.Template.Spec.Containers.Single().Resources.Limits["nvidia.com/gpu"].ToString()
            .ShouldBe("1");
        var model = Gateway(folder).Models.Single();
        model.Name.ShouldBe("Llama-3.1-8B");
        // The whole fleet is behind the one address that the gateway has.
        File.ReadAllText(folder.File("fleet/kubernetes.yaml")).ShouldContain(
            FormattableString.Invariant($"fleet of {fleet}, ${model.PriceUsdPerHour:0.00} an hour"));
        model.Upstreams.Single().Url.ShouldBe($"http://{deployment.Metadata.Name}:8000");
        File.ReadAllText(folder.File("fleet/vllm-serve.sh")).ShouldStartWith("#!/bin/sh\n");
    }

    [Fact]
    public void Pools_apart_are_two_deployments()
    {
        using var folder = new TemporaryFolder();
        Emit(folder, ["--pools", "disaggregated"]);
        Kubernetes(folder).OfType<V1Deployment>().Select(d => d.Metadata.Name[^7..])
            .ShouldBe(["prefill", "-decode"]);
        Gateway(folder).Models.Single().Upstreams.Single().Url.ShouldEndWith("-decode:8000");
    }

    [Fact]
    public void A_search_over_machines_is_a_job_that_a_cluster_takes()
    {
        string[] shards = [.. Plan, "--shards", "1/3", "--emit-shards"];
        var job = KubernetesYaml.LoadAllFromString(
            PlimsollProcess.Run([.. shards, "kubernetes"]).Output, strict: true).OfType<V1Job>().Single();
        (job.Spec.Completions, job.Spec.Parallelism, job.Spec.CompletionMode).ShouldBe((3, 3, "Indexed"));
        using var folder = new TemporaryFolder();
        var script = folder.File("shards.sh", PlimsollProcess.Run([.. shards, "slurm"]).Output);
        File.ReadAllText(script).ShouldContain("#SBATCH --array=1-3\n");
        // The array's own task, told by hand, on a machine without the binary: what it would run.
        var told = Bash($"plimsoll() {{ echo \"$@\"; }}; SLURM_ARRAY_TASK_ID=2; . {script}");
        told.ShouldBe($"{string.Join(' ', Plan)} --shards 2/3 --journal plan-2.jsonl\n");
    }

    static string Bash(string command)
    {
        using var shell = Process.Start(new ProcessStartInfo("bash", ["-c", command])
        {
            RedirectStandardOutput = true,
        })!;
        var output = shell.StandardOutput.ReadToEnd();
        shell.WaitForExit();
        shell.ExitCode.ShouldBe(0);
        return output;
    }

    static void Emit(TemporaryFolder folder, string[] more)
    {
        var run = PlimsollProcess.Run([.. Plan, .. more, "--emit", folder.File("fleet")]);
        run.ExitCode.ShouldBe(0, run.Story);
        foreach (var name in new[] { "fleet/llm-d-values.yaml", "fleet/dynamo.yaml" })
            KubernetesYaml.Deserialize<object>(File.ReadAllText(folder.File(name))).ShouldNotBeNull();
    }

    static System.Collections.Generic.List<object> Kubernetes(TemporaryFolder folder) =>
        KubernetesYaml.LoadAllFromString(
            File.ReadAllText(folder.File("fleet/kubernetes.yaml")), strict: true);

    static ServeConfig Gateway(TemporaryFolder folder) =>
        ConfigFile.Read(folder.File("fleet/plimsoll-gateway.yaml"));
}
