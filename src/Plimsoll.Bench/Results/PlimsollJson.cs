using System;
using System.Collections.Generic;
using System.Text.Json;
using Plimsoll.Bench.Search;
using Plimsoll.Bench.Verdicts;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;

namespace Plimsoll.Bench.Results;

/// <summary>Our own object in a result: levels, promises, failures by kind, the client itself, the engine's
/// metrics.</summary>
static class PlimsollJson
{
    public const int Form = 1;

    public static void Write(BenchResult result, Utf8JsonWriter json, DetailSpool? detail,
        Action<Utf8JsonWriter>? more)
    {
        json.WriteStartObject("plimsoll");
        json.WriteNumber("form", Form);
        if (result.IsImported)
            json.WriteNull("started_at");
        else
            json.WriteString("started_at", result.StartedAt);
        json.WriteString("address", result.Address);
        json.WriteString("load", result.Load);
        json.WriteString("token_counting", result.TokenCounting);
        json.WriteString("prompt_lengths", result.PromptLengths);
        json.WriteString("latencies_from", result.IsImported ? result.LatenciesFrom : "scheduled send");
        json.WriteBoolean("interrupted", result.Interrupted);
        json.WriteBoolean("valid", result.IsValid);
        json.WriteStartArray("invalid_because");
        foreach (var reason in result.InvalidBecause)
            json.WriteStringValue(reason);
        json.WriteEndArray();
        json.WriteString("refused", result.Refused);
        json.WriteStartArray("warnings");
        foreach (var warning in result.Warnings)
            json.WriteStringValue(warning);
        json.WriteEndArray();
        Verdict(json, "holds", result.Holds);
        json.WriteString("verdict", result.Verdict.Name());
        if (result.PromptSalt is { } salt)
            json.WriteNumber("prompt_salt", salt);
        else
            json.WriteNull("prompt_salt");
        json.WriteString("loop", result.Loop);
        VllmJson.Number(json, "due_rate", result.DueRate);
        json.WriteNumber("choices", result.Choices);
        json.WriteNumber("mean_in_flight", result.MeanInFlight);
        json.WriteNumber("busy_s", result.BusyS);
        json.WriteStartArray("levels");
        foreach (var level in result.Levels)
            Level(json, level);
        json.WriteEndArray();
        Client(json, result.Client);
        if (result.Server is { } server)
            Server(json, server);
        if (result.Steps is { } steps)
            StepsJson.Write(json, steps, detail is not null);
        if (result.LoadLine is { } line)
            LoadLine(json, line);
        json.WriteStartObject("metadata");
        foreach (var (name, value) in result.Metadata)
            json.WriteString(name, value);
        json.WriteEndObject();
        more?.Invoke(json);
        if (detail is not null)
            RequestColumns.Write(json, detail);
        json.WriteEndObject();
    }

    static void Level(Utf8JsonWriter json, LevelReport level)
    {
        json.WriteStartObject();
        json.WriteString("name", level.Name);
        json.WriteString("verdict", level.Verdict.Name());
        json.WriteStartArray("promise");
        foreach (var limit in level.Promise)
        {
            json.WriteStartObject();
            json.WriteString("limit", PromiseText.Of(limit.Limit));
            VllmJson.Number(json, "measured_ms", limit.MeasuredMs);
            VllmJson.Number(json, "broken", limit.Broken);
            json.WriteString("verdict", limit.Verdict.Name());
            json.WriteNumber("samples", limit.Samples);
            json.WriteNumber("samples_needed", limit.Needed);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteNumber("completed", level.Completed);
        json.WriteNumber("failed", level.Failed);
        json.WriteNumber("cancelled", level.Cancelled);
        VllmJson.Number(json, "goodput", level.Goodput);
        json.WriteNumber("prompt_tokens", level.PromptTokens);
        json.WriteNumber("asked_prompt_tokens", level.AskedPromptTokens);
        json.WriteNumber("cached_tokens", level.CachedTokens);
        VllmJson.Number(json, "cached_share", level.CachedShare);
        VllmJson.Number(json, "shared_share", level.SharedShare);
        json.WriteNumber("output_tokens", level.OutputTokens);
        json.WriteNumber("short_answers", level.Short);
        json.WriteNumber("counted_share", level.CountedShare);
        json.WriteNumber("chunks", level.Chunks);
        json.WriteStartObject("latencies_ms");
        foreach (var (metric, latency) in level.Latencies)
            Latency(json, metric.Name(), latency);
        json.WriteEndObject();
        json.WriteStartObject("from_send_ms");
        foreach (var (metric, latency) in level.FromSend)
            Latency(json, metric.Name(), latency);
        json.WriteEndObject();
        Kinds(json, "failures", level.Failures);
        Kinds(json, "impossible_counts", level.UsageFaults);
        json.WriteEndObject();
    }

    static void Kinds(Utf8JsonWriter json, string name, IReadOnlyList<FailureReport> kinds)
    {
        json.WriteStartObject(name);
        foreach (var kind in kinds)
        {
            json.WriteStartObject(kind.Kind);
            json.WriteNumber("count", kind.Count);
            json.WriteString("example", kind.Example);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    static void Latency(Utf8JsonWriter json, string name, LatencyReport latency)
    {
        json.WriteStartObject(name);
        json.WriteNumber("samples", latency.Samples);
        VllmJson.Number(json, "mean", latency.MeanMs);
        VllmJson.Number(json, "std", latency.StdMs);
        foreach (var (percentile, ms) in latency.PercentilesMs)
            VllmJson.Number(json, FormattableString.Invariant($"p{percentile:0.###}"), ms);
        json.WriteEndObject();
    }

    static void Client(Utf8JsonWriter json, ClientReport client)
    {
        json.WriteStartObject("client");
        VllmJson.Number(json, "dispatch_late_p50_ms", client.DispatchLateP50Ms);
        VllmJson.Number(json, "dispatch_late_p99_ms", client.DispatchLateP99Ms);
        Known(json, "dispatch_late_judged", client.DispatchLate);
        json.WriteBoolean("real_time_priority", client.RealTime);
        VllmJson.Number(json, "written_late_p50_ms", client.WrittenLateP50Ms);
        VllmJson.Number(json, "written_late_p99_ms", client.WrittenLateP99Ms);
        VllmJson.Number(json, "read_lag_p99_ms", client.ReadLagP99Ms);
        Known(json, "read_lag_judged", client.ReadLag);
        VllmJson.Number(json, "read_lag_max_ms", client.ReadLagMaxMs);
        json.WriteNumber("held_back", client.HeldBack);
        VllmJson.Number(json, "cpu_share", client.CpuShare);
        json.WriteNumber("gc_paused_ms", client.PausedMs);
        json.WriteNumber("wall_clock_steps", client.ClockSteps);
        json.WriteNumber("wall_clock_stepped_ms", client.ClockSteppedMs);
        json.WriteNumber("most_share", client.MostShare);
        json.WriteStartArray("invalid_because");
        foreach (var reason in client.InvalidBecause)
            json.WriteStringValue(reason);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    static void Known(Utf8JsonWriter json, string name, KnownPercentile? known)
    {
        if (known is not { } judged)
        {
            json.WriteNull(name);
            return;
        }
        json.WriteStartObject(name);
        json.WriteNumber("percentile", judged.Percentile);
        json.WriteNumber("ms", judged.Ms);
        json.WriteEndObject();
    }

    static void Server(Utf8JsonWriter json, ServerReport server)
    {
        json.WriteStartObject("server");
        VllmJson.Number(json, "prompt_tokens", server.PromptTokens);
        VllmJson.Number(json, "generation_tokens", server.GenerationTokens);
        VllmJson.Number(json, "prefix_cache_hit_share", server.PrefixCacheHitShare);
        VllmJson.Number(json, "preemptions", server.Preemptions);
        VllmJson.Number(json, "mean_running", server.MeanRunning);
        VllmJson.Number(json, "mean_waiting", server.MeanWaiting);
        VllmJson.Number(json, "most_kv_cache_usage", server.MostKvCacheUsage);
        VllmJson.Number(json, "mean_ttft_ms", server.MeanTtftMs);
        VllmJson.Number(json, "mean_queue_ms", server.MeanQueueMs);
        json.WriteEndObject();
    }

    static void LoadLine(Utf8JsonWriter json, LoadLineEstimate line)
    {
        json.WriteStartObject("load_line");
        json.WriteString("outcome", line.Outcome.ToString().ToLowerInvariant());
        VllmJson.Number(json, "requests_per_second", line.Rate);
        VllmJson.Number(json, "low", line.Low);
        VllmJson.Number(json, "high", line.High);
        json.WriteNumber("interval_percent", 95);
        VllmJson.Number(json, "measured_from", line.MeasuredFrom);
        VllmJson.Number(json, "measured_to", line.MeasuredTo);
        VllmJson.Number(json, "broken_at", line.BrokenAt);
        if (line.Binding is { } binding)
            json.WriteString("bound_by", PromiseText.Of(binding));
        json.WriteNumber("windows", line.Windows);
        json.WriteNumber("requests", line.Requests);
        json.WriteNumber("took_s", line.TookS);
        json.WriteEndObject();
    }

    static void Verdict(Utf8JsonWriter json, string name, bool? value)
    {
        if (value is { } known)
            json.WriteBoolean(name, known);
        else
            json.WriteNull(name);
    }
}
