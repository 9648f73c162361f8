using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Planning.Search;

namespace Plimsoll.Planning.Accounts;

/// <summary>What an account rests on, so that no figure stands alone.</summary>
static class AccountNotes
{
    public static IReadOnlyList<string> Of(AccountRequest request, SizedEngine chosen, ProbeSize size)
    {
        var engine = chosen.Engine;
        var step = engine.StepTime;
        var notes = new List<string>
        {
            FormattableString.Invariant($"step times: tier {step.Tier.ToString().ToLowerInvariant()} ")
                + FormattableString.Invariant($"({Grouped(step.Curves.Sources)}); 90 % of steps within ")
            + FormattableString.Invariant($"{step.ErrorLow:0.00} to {step.ErrorHigh:0.00} of predicted"),
            FormattableString.Invariant(
                $"KV memory: {engine.Memory.Blocks:N0} blocks of {engine.Limits.BlockSize} tokens ")
            + "per engine rank, "
            + (engine.Deployment.Engine.NumGpuBlocks is null ? "computed from memory" : "given"),
            FormattableString.Invariant($"price: {request.Price.UsdPerHour} USD per accelerator-hour, ")
            + (request.Price.AsOf is { } asOf
                ? $"{request.Price.ProviderType} {request.Price.Term} as of {asOf} ({request.Price.Source})"
                : "as given, undated"),
            $"workload: {request.Serving.Workload.Name} ({request.Serving.Workload.Source})",
            FormattableString.Invariant(
                $"load lines: the mean over {size.Streams} independent streams of {size.Requests:N0} ")
                + "simulated requests per probe, a tenth of them warm-up, "
                + FormattableString.Invariant(
                $"seed {request.Serving.Seed}; ± is one standard error of sampling"),
        };
        notes.Add(
            FormattableString.Invariant($"intervals: nine tenths of {DrawnLines.Count} joint draws of the ")
            + "step times' error and of other seeds; each draw has its own load line, its latencies there "
            + "and its own fleet, and ratio and levers compare draw by draw");
        if (chosen is { Accelerators: { } accelerators, AsCheap.Count: > 0 })
        {
            var others = string.Join(" and ", chosen.AsCheap.Select(
                e => string.Join(' ', ParallelismChoice.Words(e.Engine.Deployment))));
            notes.Add(FormattableString.Invariant(
                $"parallelism: a tie at {accelerators} accelerators with {others}, ")
                + $"which {(chosen.AsCheap.Count > 1 ? "carry" : "carries")} less on each");
        }
        notes.AddRange(step.Notes);
        if (request.Serving.Workload.ClosedLoop)
        {
            notes.Add("closed loop: throughput is that of sessions that take turns without pausing, as many "
                + "at a time as carries most; no load line is sought above it");
        }
        notes.Add(
            "input and output: by the step time that each caused, so output carries what steps cost when few "
            + "decode; in full batches and idle beside it tell the two apart");
        notes.Add("levers: each alone against the same bill; speculation is none of them, since its gain or "
            + "loss rests on how many drafts a model accepts on this traffic, which is not known here");
        return notes;
    }

    /// <summary>
    /// Tables that differ only in their last part, as kernel tables of one card do, named together.
    /// </summary>
    internal static string Grouped(IReadOnlyList<string> sources)
    {
        var groups = new List<string>();
        var last = "";
        foreach (var source in sources)
        {
            var cut = source.LastIndexOf("__", StringComparison.Ordinal);
            var common = cut < 0 ? source : source[..cut];
            var part = cut < 0 ? "" : source[(cut + 2)..].Replace("_perf", "");
            if (cut >= 0 && common == last)
                groups[^1] += $", {part}";
            else
                groups.Add(cut < 0 ? source : $"{common}: {part}");
            last = common;
        }
        return string.Join("; ", groups);
    }
}
