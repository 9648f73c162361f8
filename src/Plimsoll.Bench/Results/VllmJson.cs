using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using Plimsoll.Bench.Wire;
using Plimsoll.Core.Measures;
using Plimsoll.Inputs.Files;

namespace Plimsoll.Bench.Results;

/// <summary>
/// The result as <c>vllm bench serve --save-result</c> has it, with one object of ours beside. Latencies run
/// from when a request was due, and <c>start_times</c> are those times; the send-relative ones that vLLM
/// itself would print are in our object. With detail it is what <c>plimsoll calibrate</c> reads.
/// </summary>
public static class VllmJson
{
    static readonly HashSet<string> Own =
    [
        "date", "endpoint_type", "label", "model_id", "num_prompts", "request_rate", "burstiness",
        "max_concurrency", "duration", "completed", "failed", "total_input_tokens", "total_output_tokens",
        "request_throughput", "request_goodput", "output_throughput", "total_token_throughput",
        "max_concurrent_requests", "input_lens", "output_lens", "ttfts", "itls", "start_times", "errors",
        "plimsoll",
    ];

    static readonly JsonWriterOptions Indented = new() { Indented = true };

    /// <param name="result">The run.</param>
    /// <param name="path">Where; written whole or not at all.</param>
    /// <param name="detail">All its requests; null for the summary alone.</param>
    /// <param name="more">Members for our own object, written by who knows them.</param>
    public static void Save(BenchResult result, string path, DetailSpool? detail,
        Action<Utf8JsonWriter>? more = null) =>
        WholeFile.WriteBytes(path, stream =>
        {
            using var writer = new Utf8JsonWriter(stream, detail is null ? Indented : default);
            Write(result, writer, detail, more);
        });

    /// <summary>Whether a result has a member of that name, which no metadata may then have.</summary>
    public static bool IsOwn(string name) =>
        Own.Contains(name) || name.EndsWith("_ms", StringComparison.Ordinal);

    public static string Text(BenchResult result, Action<Utf8JsonWriter>? more = null)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Indented))
            Write(result, writer, null, more);
        return System.Text.Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    static void Write(BenchResult result, Utf8JsonWriter json, DetailSpool? detail,
        Action<Utf8JsonWriter>? more)
    {
        json.WriteStartObject();
        json.WriteString("date",
            result.StartedAt.UtcDateTime.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture));
        json.WriteString("endpoint_type", "openai-compatible");
        json.WriteString("label", "plimsoll");
        json.WriteString("model_id", result.Model);
        json.WriteNumber("num_prompts", result.Completed + result.Failed);
        foreach (var (name, value) in result.Metadata.Where(pair => !IsOwn(pair.Key)))
            json.WriteString(name, value);
        if (result.RequestRate is { } rate)
            json.WriteNumber("request_rate", rate);
        else if (result is { LoadLine: null, Loop: "closed" or null })
            json.WriteString("request_rate", "inf");
        else
            json.WriteNull("request_rate");
        Number(json, "burstiness", result.Burstiness);
        Number(json, "max_concurrency", result.MaxConcurrency);
        Totals(result, json);
        var all = result.Levels.Count == 1 ? result.Levels[0] : null;
        foreach (var metric in Enum.GetValues<Metric>())
            Latency(json, VllmMetrics.All.NameOf(metric), all?.Latencies[metric]);
        if (detail is not null)
            Detail(json, detail);
        PlimsollJson.Write(result, json, detail, more);
        json.WriteEndObject();
    }

    static void Totals(BenchResult result, Utf8JsonWriter json)
    {
        json.WriteNumber("duration", result.DurationS);
        json.WriteNumber("completed", result.Completed);
        json.WriteNumber("failed", result.Failed);
        json.WriteNumber("total_input_tokens", result.PromptTokens);
        json.WriteNumber("total_output_tokens", result.OutputTokens);
        json.WriteNumber("request_throughput", result.PerSecond(result.Completed));
        Number(json, "request_goodput", Goodput(result));
        json.WriteNumber("output_throughput", result.PerSecond(result.OutputTokens));
        json.WriteNumber("total_token_throughput",
            result.PerSecond(result.PromptTokens + result.OutputTokens));
        json.WriteNumber("max_concurrent_requests", result.MostInFlight);
    }

    /// <summary>Good requests per second, as vLLM has it; failed ones are never good.</summary>
    static double? Goodput(BenchResult result)
    {
        if (result.Levels.All(level => level.Goodput is null))
            return null;
        return result.PerSecond(result.Levels.Sum(level => (level.Goodput ?? 0) * level.Requests));
    }

    /// <summary>
    /// Null for several levels: a mixture of promises has no percentile that means anything.
    /// </summary>
    static void Latency(Utf8JsonWriter json, string name, LatencyReport? latency)
    {
        Number(json, $"mean_{name}_ms", latency?.MeanMs);
        Number(json, $"median_{name}_ms", latency?.At(50));
        Number(json, $"std_{name}_ms", latency?.StdMs);
        foreach (var percentile in latency?.PercentilesMs.Keys.Order() ?? Enumerable.Empty<double>())
        {
            Number(json, FormattableString.Invariant($"p{percentile:0.###}_{name}_ms"),
                latency!.At(percentile));
        }
    }

    static void Detail(Utf8JsonWriter json, DetailSpool detail)
    {
        List(json, "input_lens", detail, (writer, r) => writer.WriteNumberValue(r.PromptTokens));
        List(json, "output_lens", detail, (writer, r) =>
            writer.WriteNumberValue(r.Served ? r.OutputTokens : 0));
        List(json, "ttfts", detail, (writer, r) => writer.WriteNumberValue(
            r.Served ? Seconds(r.FirstTokenNs - r.ScheduledNs) : 0));
        List(json, "itls", detail, Gaps);
        List(json, "start_times", detail, (writer, r) => writer.WriteNumberValue(Seconds(r.ScheduledNs)));
        List(json, "errors", detail, (writer, r) => writer.WriteStringValue(
            r.Served ? "" : $"{r.Failure.Name()}: {r.Message}"));
    }

    static void Gaps(Utf8JsonWriter json, RequestRecord record)
    {
        json.WriteStartArray();
        var arrivals = record.Arrivals;
        for (var i = 1; record.Served && i < arrivals.Length; i++)
            json.WriteNumberValue(Seconds(arrivals[i].AtNs - arrivals[i - 1].AtNs));
        json.WriteEndArray();
    }

    static void List(
        Utf8JsonWriter json, string name, DetailSpool detail, Action<Utf8JsonWriter, RequestRecord> write) =>
        List(json, name, detail.Read().Where(record => record.Failure != FailureKind.Cancelled), write);

    internal static void List(Utf8JsonWriter json, string name, IEnumerable<RequestRecord> records,
        Action<Utf8JsonWriter, RequestRecord> write)
    {
        json.WriteStartArray(name);
        foreach (var record in records)
        {
            write(json, record);
            if (json.BytesPending > 1 << 16)
                json.Flush();
        }
        json.WriteEndArray();
    }

    internal static void Number(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number))
            json.WriteNumber(name, number);
        else
            json.WriteNull(name);
    }

    /// <summary>Whole nanoseconds as seconds, exactly.</summary>
    static decimal Seconds(long ns) => ns / 1_000_000_000m;
}
