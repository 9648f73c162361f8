using System;
using System.Collections.Generic;
using Plimsoll.Inputs.Choices;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Planning.Simulation;

/// <summary>What a prediction rests on, so that no figure stands alone.</summary>
public static class ServingNotes
{
    /// <summary>Of a simulated fleet: its step times, its memory, what it serves and what is drawn.</summary>
    public static IReadOnlyList<string> Of(SimulatedEngine engine, Serving serving, Workload? batch) =>
    [
        Steps(engine),
        Memory(engine),
        .. Workload(serving.Workload),
        .. batch is null ? [] : Workload(batch, "batch workload"),
        FormattableString.Invariant($"seed {serving.Seed}; intervals: nine tenths of ")
            + FormattableString.Invariant($"{SimulationBounds.Draws} joint draws of the step times' error"),
        .. engine.StepTime.Notes,
    ];

    public static string Steps(SimulatedEngine engine)
    {
        var step = engine.StepTime;
        return FormattableString.Invariant($"step times: tier {step.Tier.ToString().ToLowerInvariant()} ")
            + FormattableString.Invariant($"({Grouped(step.Curves.Sources)}); 90 % of steps within ")
            + FormattableString.Invariant($"{step.ErrorLow:0.00} to {step.ErrorHigh:0.00} of predicted");
    }

    public static string Memory(SimulatedEngine engine) => FormattableString.Invariant(
        $"KV memory: {engine.Memory.Blocks:N0} blocks of {engine.Limits.BlockSize} tokens ")
        + "per engine rank, "
        + (engine.Deployment.Engine.NumGpuBlocks is null ? "computed from memory" : "given");

    /// <summary>Where a workload comes from, and what was done to it as it was read.</summary>
    public static IEnumerable<string> Workload(Workload workload, string role = "workload")
    {
        yield return $"{role}: {workload.Name} ({workload.Source})";
        foreach (var note in workload.Notes)
            yield return $"{role}: {note}";
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
