using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Plimsoll.Bench.Search;
using Plimsoll.Core;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Inputs.Measured;

namespace Plimsoll.Bench.Results;

/// <summary>Reads back what <see cref="PlimsollJson"/> writes beside the requests.</summary>
static class SavedReports
{
    /// <summary>Seconds, requests or requests per second of any run: a thousand million of them.</summary>
    const double Most = 1e9;

    public static ClientReport Client(JsonElement? found, string file) =>
        found is { ValueKind: JsonValueKind.Object } client ? Client(client)
            : throw new BadInputException($"{file}: plimsoll.client is no object; "
                + "expected the client's own figures");

    static ClientReport Client(JsonElement json) => new()
    {
        DispatchLateP50Ms = Number(json, "dispatch_late_p50_ms"),
        DispatchLateP99Ms = Number(json, "dispatch_late_p99_ms"),
        DispatchLate = Judged(json, "dispatch_late_judged"),
        RealTime = json.Flag("real_time_priority") == true,
        WrittenLateP50Ms = Number(json, "written_late_p50_ms"),
        WrittenLateP99Ms = Number(json, "written_late_p99_ms"),
        ReadLagP99Ms = Number(json, "read_lag_p99_ms"),
        ReadLag = Judged(json, "read_lag_judged"),
        ReadLagMaxMs = Number(json, "read_lag_max_ms"),
        HeldBack = (long)(Number(json, "held_back") ?? 0),
        CpuShare = Number(json, "cpu_share"),
        PausedMs = Number(json, "gc_paused_ms") ?? 0,
        ClockSteps = (int)(Number(json, "wall_clock_steps") ?? 0),
        ClockSteppedMs = Number(json, "wall_clock_stepped_ms") ?? 0,
        MostShare = Number(json, "most_share") ?? 1,
        InvalidBecause = Texts(json, "invalid_because"),
    };

    public static ServerReport? Server(JsonElement? found) => found is not { } json ? null : new()
    {
        PromptTokens = Number(json, "prompt_tokens"),
        GenerationTokens = Number(json, "generation_tokens"),
        PrefixCacheHitShare = Number(json, "prefix_cache_hit_share"),
        Preemptions = Number(json, "preemptions"),
        MeanRunning = Number(json, "mean_running"),
        MeanWaiting = Number(json, "mean_waiting"),
        MostKvCacheUsage = Number(json, "most_kv_cache_usage"),
        MeanTtftMs = Number(json, "mean_ttft_ms"),
        MeanQueueMs = Number(json, "mean_queue_ms"),
    };

    /// <summary>The engine's log of its steps.</summary>
    public static StepsReport? Steps(JsonElement? found, string file) => found is not { } json ? null
        : new(StepColumns.Read(json, $"{file}: plimsoll.steps"),
            (long)(Figure(json, "left_out", file) ?? 0), json.Text("problem"));

    public static LoadLineEstimate? LoadLine(JsonElement? found, string file) => found is not { } json ? null
        : new LoadLineEstimate(
            Enum.TryParse<LineOutcome>(json.Text("outcome"), ignoreCase: true, out var outcome) ? outcome
                : LineOutcome.Unsettled,
            Number(json, "requests_per_second"), Number(json, "low"), Number(json, "high"),
            json.Text("bound_by") is { } limit ? Limit(limit, $"{file}: plimsoll.load_line.bound_by") : null,
            (int)(Number(json, "windows") ?? 0), (long)(Number(json, "requests") ?? 0),
            Number(json, "took_s") ?? 0)
        {
            MeasuredFrom = Number(json, "measured_from"),
            MeasuredTo = Number(json, "measured_to"),
            BrokenAt = Number(json, "broken_at"),
        };

    /// <summary>A limit that a file holds.</summary>
    public static Limit Limit(string? text, string where)
    {
        try
        {
            return PromiseText.Parse(text ?? "");
        }
        catch (BadInputException e)
        {
            throw new BadInputException($"{where}: {e.Message}");
        }
    }

    /// <summary>
    /// A figure of a run, 0 to a thousand million; null where it is not there or no number.
    /// </summary>
    public static double? Figure(JsonElement json, string name, string file) =>
        Number(json, name) is not { } number || number is >= 0 and <= Most ? Number(json, name)
            : throw new BadInputException(FormattableString.Invariant(
                $"{file}: {name} is {number}; expected 0 to {Most:0}"));

    public static IReadOnlyList<string> Texts(JsonElement json, string name) =>
        json.Find(name) is { ValueKind: JsonValueKind.Array } list
            ? [.. list.EnumerateArray().Select(text => text.ToString())] : [];

    public static double? Number(JsonElement json, string name) =>
        json.Find(name) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : null;

    static KnownPercentile? Judged(JsonElement json, string name) =>
        json.Find(name) is { } judged && Number(judged, "percentile") is { } percentile
            && Number(judged, "ms") is { } ms ? new KnownPercentile(percentile, ms) : null;
}
