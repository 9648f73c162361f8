using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Scheduling;
using Plimsoll.Planning.Plans;

namespace Plimsoll.Cli.Emitted;

/// <summary>The flags of <c>vllm serve</c> that make an engine the one that was simulated.</summary>
static class EngineCommand
{
    /// <summary>The role of an engine that only prefills.</summary>
    public const string Producer = "kv_producer";

    /// <summary>Flags after the model, each with its value.</summary>
    /// <param name="candidate">What was simulated.</param>
    /// <param name="d">The engine of it.</param>
    /// <param name="role">Of a pool of its own: <c>kv_producer</c> or <c>kv_consumer</c>; null for
    /// both.</param>
    public static IReadOnlyList<string> Flags(PlanCandidate candidate, Deployment d, string? role = null)
    {
        var flags = new List<string>();
        Add("--tensor-parallel-size", d.TensorParallel);
        Add("--pipeline-parallel-size", d.PipelineParallel);
        Add("--data-parallel-size", d.DataParallel);
        Experts(d, flags, isPrefill: role == Producer);
        Add("--max-num-seqs", d.Engine.MaxNumSeqs);
        Add("--max-num-batched-tokens", d.Engine.MaxNumBatchedTokens);
        Add("--max-model-len", d.Model.MaxContext);
        Add("--block-size", d.Engine.BlockSize);
        Add("--gpu-memory-utilization", d.Engine.GpuMemoryUtilization);
        if (d.Engine.LongPrefillTokenThreshold > 0)
            Add("--long-prefill-token-threshold", d.Engine.LongPrefillTokenThreshold);
        Weights(d, flags);
        flags.AddRange(["--kv-cache-dtype", d.Kv == NumberFormat.Fp8 ? "fp8" : "auto"]);
        flags.Add(d.Engine.EnablePrefixCaching ? "--enable-prefix-caching" : "--no-enable-prefix-caching");
        flags.AddRange(
            ["--scheduling-policy", candidate.Policy.Order == AdmissionOrder.Priority ? "priority" : "fcfs"]);
        if (d.Engine.KvTiers?.Host is { } host)
            Add("--kv-offloading-size", host.Gb * d.TensorParallel * d.PipelineParallel * 1e9 / (1 << 30));
        if (d.Engine.Speculation is { } drafts)
        {
            flags.AddRange(["--speculative-config", FormattableString.Invariant(
                $"{{\"method\": \"mtp\", \"num_speculative_tokens\": {drafts.DraftTokens}}}")]);
        }
        if (role is not null)
        {
            flags.AddRange(["--kv-transfer-config",
                $"{{\"kv_connector\": \"NixlConnector\", \"kv_role\": \"{role}\"}}"]);
        }
        return flags;

        void Add(string flag, double value) =>
            flags.AddRange([flag, value.ToString("0.####", CultureInfo.InvariantCulture)]);
    }

    /// <summary>The two-batch overlap is there for DeepEP's exchange alone.</summary>
    static void Experts(Deployment d, List<string> flags, bool isPrefill)
    {
        if (d.ExpertParallel > 1)
            flags.Add("--enable-expert-parallel");
        if (d.Engine.RedundantExperts > 0)
        {
            flags.AddRange(["--enable-eplb", "--eplb-config", FormattableString.Invariant(
                $"{{\"num_redundant_experts\": {d.Engine.RedundantExperts}}}")]);
        }
        if (!d.Engine.TwoBatchOverlap)
            return;
        flags.AddRange(
        [
            "--enable-dbo", "--all2all-backend",
            isPrefill ? "deepep_high_throughput" : "deepep_low_latency",
        ]);
    }

    /// <summary>
    /// A checkpoint in the model's own format needs no flag; another is quantised as it is loaded.
    /// </summary>
    static void Weights(Deployment d, List<string> flags)
    {
        flags.AddRange(["--dtype", "bfloat16"]);
        if (d.Weights == NumberFormat.Fp8 && d.Model.NativeWeights == NumberFormat.Bf16)
            flags.AddRange(["--quantization", "fp8"]);
    }

    /// <summary>
    /// Weights that a checkpoint has to come in, since no engine makes them while it loads.
    /// </summary>
    public static string? NeededCheckpoint(Deployment d) =>
        d.Weights == d.Model.NativeWeights || d.Weights is NumberFormat.Bf16 or NumberFormat.Fp8
            ? null : $"a checkpoint with {d.Weights.Name()} weights";

    /// <summary>The command as a shell reads it, a flag a line.</summary>
    public static string Shell(PlanCandidate candidate, Deployment engine, string? role, string port)
    {
        var lines = new List<string> { "vllm serve \"${MODEL:?a Hugging Face id or a path}\"" };
        var flags = Flags(candidate, engine, role);
        for (var i = 0; i < flags.Count; i++)
        {
            var value = i + 1 < flags.Count && !flags[i + 1].StartsWith("--", StringComparison.Ordinal)
                ? " " + Quoted(flags[++i]) : "";
            lines.Add($"{flags[i - (value.Length > 0 ? 1 : 0)]}{value}");
        }
        lines.Add($"--port {port}");
        return string.Join(" \\\n  ", lines) + "\n";
    }

    static string Quoted(string value) => value.All(c => char.IsAsciiLetterOrDigit(c)
        || c is '.' or '-' or '_')
        ? value : $"'{value}'";
}
