using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Planning.Plans;

namespace Plimsoll.Cli.Emitted;

/// <summary>
/// The flags of <c>vllm serve</c> that make an engine the one that was simulated, each listed with its source
/// in <c>data/engine-flags.csv</c>.
/// </summary>
static class EngineCommand
{
    /// <summary>The role of an engine that only prefills.</summary>
    public const string Producer = "kv_producer";

    /// <summary>The role of an engine that only decodes.</summary>
    public const string Consumer = "kv_consumer";

    /// <summary>Flags after the model, each with its value; where its ranks are is said elsewhere.</summary>
    /// <param name="candidate">What was simulated.</param>
    /// <param name="d">The engine of it.</param>
    /// <param name="role">Of a pool of its own, <see cref="Producer"/> or <see cref="Consumer"/>; null for
    /// both.</param>
    /// <param name="transferRole">What the engine's connector is told of it, where that is another word.
    /// </param>
    public static IReadOnlyList<string> Flags(
        PlanCandidate candidate, Deployment d, string? role, string? transferRole = null)
    {
        var flags = new List<string>();
        Add("--pipeline-parallel-size", d.PipelineParallel);
        Experts(d, flags, isPrefill: role == Producer);
        Add("--max-num-seqs", d.Engine.MaxNumSeqs);
        Add("--max-num-batched-tokens", d.Engine.MaxNumBatchedTokens);
        Add("--max-model-len", LongestRequest(d));
        // Not every attention kernel has blocks of the usual size; the engine knows which of its own do.
        if (d.Engine.BlockSize != new EngineSettings().BlockSize)
            Add("--block-size", d.Engine.BlockSize);
        Add("--gpu-memory-utilization", d.Engine.GpuMemoryUtilization);
        if (d.Engine.LongPrefillTokenThreshold > 0)
            Add("--long-prefill-token-threshold", d.Engine.LongPrefillTokenThreshold);
        Weights(d, flags);
        flags.AddRange(["--kv-cache-dtype", d.Kv == NumberFormat.Fp8 ? "fp8" : "auto"]);
        flags.Add(d.Engine.EnablePrefixCaching ? "--enable-prefix-caching" : "--no-enable-prefix-caching");
        flags.AddRange(
            ["--scheduling-policy", candidate.Policy.Order == AdmissionOrder.Priority ? "priority" : "fcfs"]);
        if (d.Engine.Speculation is { } drafts)
        {
            flags.AddRange(["--speculative-config", FormattableString.Invariant(
                $"{{\"method\": \"mtp\", \"num_speculative_tokens\": {drafts.DraftTokens}}}")]);
        }
        flags.AddRange(KvConnectors.Flags(d, role is null ? null : transferRole ?? role));
        return flags;

        void Add(string flag, double value) =>
            flags.AddRange([flag, value.ToString("0.####", CultureInfo.InvariantCulture)]);
    }

    /// <summary>Ranks of an engine, which some orchestrators say themselves.</summary>
    public static IReadOnlyList<string> Ranks(Deployment d) =>
    [
        "--tensor-parallel-size", d.TensorParallel.ToString(CultureInfo.InvariantCulture),
        "--data-parallel-size", d.DataParallel.ToString(CultureInfo.InvariantCulture),
    ];

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
    /// An engine does not start where the KV memory of a rank is too small for one request of that length; a
    /// tenth less than what was computed is there on any engine.
    /// </summary>
    static int LongestRequest(Deployment d)
    {
        const double Surely = 0.9;
        var whole = (long)(Surely * EngineCatalogue.Capacity(d).Tokens) / d.Engine.BlockSize;
        return (int)Math.Min(d.Model.MaxContext, Math.Max(1, whole) * d.Engine.BlockSize);
    }

    /// <summary>What no flag says: lines that tell the reader what the plan took for granted.</summary>
    public static IEnumerable<string> Notes(Deployment d)
    {
        if (LongestRequest(d) is var longest && longest < d.Model.MaxContext)
        {
            yield return "--max-model-len: the KV memory of an engine rank is too small for a whole context "
                + FormattableString.Invariant($"of {d.Model.MaxContext} tokens");
        }
        var isQuantisedAsLoaded = d.Weights == NumberFormat.Fp8 && d.Model.NativeWeights == NumberFormat.Bf16;
        if (d.Weights != d.Model.NativeWeights && !isQuantisedAsLoaded)
            yield return $"needs a checkpoint with {d.Weights.Name()} weights";
        if (d.Engine.Speculation is not null)
        {
            yield return "drafts: mtp where the checkpoint has such layers (DeepSeek-V3, GLM-4.5, "
                + "Qwen3-Next); else method eagle3 and the drafting checkpoint as \"model\"";
        }
        foreach (var note in KvConnectors.Notes(d))
            yield return note;
    }

    /// <summary>Flags as words of a shell, a flag a line.</summary>
    public static string Lines(IReadOnlyList<string> flags, string indent)
    {
        var lines = new List<string>();
        for (var i = 0; i < flags.Count; i++)
        {
            var hasValue = i + 1 < flags.Count && !flags[i + 1].StartsWith("--", StringComparison.Ordinal);
            lines.Add(hasValue ? $"{flags[i]} {Quoted(flags[++i])}" : flags[i]);
        }
        return string.Join($" \\\n{indent}", lines);
    }

    /// <summary>What the shell itself fills in stays as it is.</summary>
    static string Quoted(string value) => value.StartsWith('"')
        || value.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_')
        ? value : $"'{value}'";
}
