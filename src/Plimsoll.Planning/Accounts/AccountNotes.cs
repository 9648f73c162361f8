using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Accounts;

/// <summary>What an account rests on, so that no figure stands alone.</summary>
static class AccountNotes
{
    public static IReadOnlyList<string> Of(AccountRequest request, SizedEngine chosen, ProbeSize size)
    {
        var engine = chosen.Engine;
        List<string> notes =
        [
            ServingNotes.Steps(engine),
            ServingNotes.Memory(engine),
            FormattableString.Invariant($"price: {request.Price.UsdPerHour} USD per accelerator-hour, ")
            + (request.Price.AsOf is { } asOf
                ? $"{request.Price.ProviderType} {request.Price.Term} as of {asOf} ({request.Price.Source})"
                : "as given, undated"),
            .. ServingNotes.Workload(request.Serving.Workload),
            FormattableString.Invariant(
                $"load lines: the mean over {size.Streams} independent streams of {size.Requests:N0} ")
                + "simulated requests per probe, a tenth of them warm-up, "
                + FormattableString.Invariant(
                $"seed {request.Serving.Seed}; ± is one standard error of sampling"),
        ];
        notes.Add(
            FormattableString.Invariant($"intervals: nine tenths of {DrawnLines.Count} joint draws of the ")
            + "step times' error and of other seeds; each draw has its own load line, its latencies there "
            + "and its own fleet, and ratio and levers compare draw by draw");
        if (chosen.Near.Count > 0)
            notes.Add(Parallelism(chosen));
        notes.AddRange(engine.StepTime.Notes);
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

    /// <summary>Why the one chosen is preferred to those whose fleets came near as predicted.</summary>
    static string Parallelism(SizedEngine chosen)
    {
        var others = string.Join("; ", chosen.Near.Select(Fleet));
        return "parallelism: the smallest fleet midway between the prediction and the dear end of its "
            + $"interval is that of {Fleet(chosen)}; near it {others}";

        static string Fleet(SizedEngine sized)
        {
            var words = string.Join(' ', ParallelismChoice.Words(sized.Engine.Deployment));
            var predicted = FormattableString.Invariant($"{sized.Accelerators:N0} accelerators ");
            var worst = sized.AcceleratorsAtWorst is { } most && double.IsFinite(most)
                ? FormattableString.Invariant($"and {most:N0}")
                : "and no promise kept";
            return $"{words} with {predicted}{worst}";
        }
    }
}
