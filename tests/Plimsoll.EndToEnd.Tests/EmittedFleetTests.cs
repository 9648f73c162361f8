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
        var deployments = Kubernetes(folder).OfType<V1Deployment>().ToList();
        deployments.Select(d => d.Metadata.Name[^7..]).ShouldBe(["prefill", "-decode", "-router"]);
        // A decoding engine fetches from the address that a prefilling one tells it.
        deployments[0].Spec.Template.Spec.Containers.Single().Env.Single().ValueFrom.FieldRef.FieldPath
            .ShouldBe("status.podIP");
        Gateway(folder).Models.Single().Upstreams.Single().Url
            .ShouldBe($"http://{deployments[2].Metadata.Name}:8000");
    }

    /// <summary>No flag is written that nobody has read in a program's source or documentation.</summary>
    [Theory]
    [InlineData("--model Llama-3.1-8B --gpu h100 --tp 1 --policy slack --weights fp8 --kv-tiers host")]
    [InlineData("--model Llama-3.1-8B --gpu h100 --tp 1 --pools disaggregated --kv-tiers host+nvme")]
    [InlineData("--model DeepSeek-R1 --gpu h200 --tp 1 --dp 16 --ep 16 --enable-dbo on "
        + "--num-redundant-experts auto --pools disaggregated --kv fp8")]
    [InlineData("--model DeepSeek-R1 --gpu h200 --tp 8 --num-speculative-tokens 1 --acceptance-length 1.7")]
    [InlineData("--model DeepSeek-R1 --gpu gb200 --tp 16")]
    [InlineData("--model DeepSeek-R1 --gpu h200 --tp 8 --pp 2 --dp 2")]
    public void Every_flag_is_one_that_was_read_where_it_comes_from(string more)
    {
        using var folder = new TemporaryFolder();
        Emit(folder, more);
        foreach (var file in Directory.GetFiles(folder.File("fleet")))
            EmittedFlags.ShouldBeListed(File.ReadAllText(file));
        foreach (var script in Directory.GetFiles(folder.File("fleet"), "*.sh"))
            Bash($"sh -n {script}").ShouldBeEmpty();
    }

    [Fact]
    public void Nodes_of_one_engine_start_their_own_ranks()
    {
        using var folder = new TemporaryFolder();
        Emit(folder, "--model DeepSeek-R1 --gpu h200 --tp 1 --dp 16 --ep 16");
        var script = folder.File("fleet/vllm-serve.sh");
        string Told(int node) => Bash(
            "vllm() { echo \"$@\"; }; exec() { \"$@\"; }; MODEL=m LWS_LEADER_ADDRESS=a "
            + FormattableString.Invariant($"LWS_WORKER_INDEX={node}; . {script}"));
        Told(0).ShouldNotContain("--headless");
        Told(0).ShouldContain("--data-parallel-size-local 8 --data-parallel-address a");
        Told(1).ShouldStartWith("serve m --headless ");
        Told(1).ShouldContain("--data-parallel-start-rank 8 ");
        var group = Kubernetes(folder).OfType<LeaderWorkerSet>().Single().Spec.LeaderWorkerTemplate;
        group.Size.ShouldBe(2);
        group.LeaderTemplate.Spec.Containers.Single().Args.ShouldBe(
            group.WorkerTemplate.Spec.Containers.Single().Args);
    }

    /// <summary>vLLM does not start where one request of the longest length does not fit.</summary>
    [Fact]
    public void The_longest_request_fits_the_memory()
    {
        using var folder = new TemporaryFolder();
        Emit(folder, "--model Llama-3.3-70B --gpu h100 --tp 2");
        var text = File.ReadAllText(folder.File("fleet/vllm-serve.sh"));
        var longest = int.Parse(text.Split("--max-model-len ")[1].Split(' ')[0]);
        longest.ShouldBeInRange(1000, 30_000);
        (longest % 16).ShouldBe(0);
        text.ShouldContain("# --max-model-len: the KV memory of an engine rank is too small");
        Emit(folder, "--model Llama-3.1-8B --gpu h100 --tp 1");
        text = File.ReadAllText(folder.File("fleet/vllm-serve.sh"));
        text.ShouldContain("--max-model-len 131072 ");
        text.ShouldNotContain("too small");
    }

    [Theory]
    [InlineData("--model Llama-3.1-8B --gpu h100 --tp 1 --policy slack", "policy slack, which vLLM does not")]
    [InlineData("--model Llama-3.1-8B --gpu h100 --tp 1", null)]
    [InlineData("--model DeepSeek-R1 --gpu b200 --tp 8 --weights bf16", "a checkpoint with bf16 weights")]
    [InlineData("--model DeepSeek-R1 --gpu b200 --tp 8", null)]
    public void What_no_flag_says_is_said(string space, string? expected)
    {
        using var folder = new TemporaryFolder();
        Emit(folder, space);
        var head = File.ReadAllText(folder.File("fleet/vllm-serve.sh"));
        if (expected is null)
        {
            head.ShouldNotContain("needs a checkpoint");
            head.ShouldNotContain("which vLLM does not");
        }
        else
        {
            head.ShouldContain(expected);
        }
    }

    /// <summary>Every rank runs as many; whole nodes are paid whole.</summary>
    [Fact]
    public void The_gateway_lets_through_what_all_ranks_run()
    {
        using var folder = new TemporaryFolder();
        Emit(folder, "--model DeepSeek-R1 --gpu h200 --tp 1 --dp 16 --ep 16 --max-num-seqs 64 --whole-nodes");
        var fleet = Kubernetes(folder).OfType<LeaderWorkerSet>().Single().Spec.Replicas;
        var model = Gateway(folder).Models.Single();
        model.Upstreams.Single().MaxConcurrency.ShouldBe(fleet * 16 * 64);
        File.ReadAllText(folder.File("fleet/kubernetes.yaml")).ShouldContain(
            FormattableString.Invariant($"${model.PriceUsdPerHour:0.00} an hour"));
    }

    [Fact]
    public void What_is_not_vllm_is_not_written_as_if_it_were()
    {
        using var folder = new TemporaryFolder();
        PlimsollProcess.Run([.. Plan, "--engine", "sglang", "--emit", folder.File("fleet")])
            .ShouldBeRefused("--emit: of sglang no files are written", "--engine vllm");
        Directory.Exists(folder.File("fleet")).ShouldBeFalse();
    }

    [Fact]
    public void A_release_older_than_a_flag_is_said_to_be()
    {
        using var folder = new TemporaryFolder();
        Emit(folder, ["--pools", "disaggregated", "--engine", "vllm@0.10.2"]);
        File.ReadAllText(folder.File("fleet/vllm-serve-decode.sh")).ShouldContain(
            "# --kv-transfer-config: known of vLLM 0.11 and later; the plan is of 0.10.2\n");
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

    /// <summary>A space of one, of a few requests and a promise that anybody keeps.</summary>
    static void Emit(TemporaryFolder folder, string space) => Emit(folder, $"plan {space}".Split(' '), [
        "--rate", "5", "--requests", "200", "--promise", "ttft p90 60s", "--max-num-batched-tokens", "8192",
    ]);

    static void Emit(TemporaryFolder folder, string[] more) => Emit(folder, Plan, more);

    static void Emit(TemporaryFolder folder, string[] plan, string[] more)
    {
        var run = PlimsollProcess.Run([.. plan, .. more, "--emit", folder.File("fleet")]);
        run.ExitCode.ShouldBe(0, run.Story);
        foreach (var name in new[] { "fleet/llm-d-values.yaml", "fleet/dynamo.yaml" })
            KubernetesYaml.Deserialize<object>(File.ReadAllText(folder.File(name))).ShouldNotBeNull();
    }

    static System.Collections.Generic.List<object> Kubernetes(TemporaryFolder folder) =>
        KubernetesYaml.LoadAllFromString(
            File.ReadAllText(folder.File("fleet/kubernetes.yaml")), LeaderWorkerSet.Known, strict: true);

    static ServeConfig Gateway(TemporaryFolder folder) =>
        ConfigFile.Read(folder.File("fleet/plimsoll-gateway.yaml"));
}
