using System;
using System.Globalization;
using System.Text.Json;
using System.Xml;
using Plimsoll.Core;
using Plimsoll.Core.Measures;
using Plimsoll.Inputs.Files;

namespace Plimsoll.Bench.Results;

/// <summary>
/// llm-d's Benchmark Report, version 0.2.1, as JSON. (llm-d/llm-d-benchmark, benchmark-report/schema_v0_2.py)
/// Its latencies have no place for where they start from; ours run from the scheduled send.
/// </summary>
public static class LlmdReport
{
    public static void Save(BenchResult result, string path, string version)
    {
        if (result.Levels.Count > 1)
        {
            throw new BadInputException(
                $"{path}: a Benchmark Report has one level of service, and this run has "
                    + $"{result.Levels.Count}; expected one");
        }
        WholeFile.WriteBytes(path, stream =>
        {
            using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
            json.WriteStartObject();
            json.WriteString("version", "0.2.1");
            Run(json, result);
            Scenario(json, result, version);
            json.WriteStartObject("results");
            json.WriteStartObject("request_performance");
            json.WriteStartObject("aggregate");
            Aggregate(json, result, result.Levels[0]);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    static void Run(Utf8JsonWriter json, BenchResult result)
    {
        json.WriteStartObject("run");
        json.WriteString("uid", Guid.NewGuid().ToString());
        json.WriteStartObject("time");
        json.WriteString("start", result.StartedAt.UtcDateTime);
        json.WriteString("end", result.StartedAt.UtcDateTime.AddSeconds(result.DurationS));
        json.WriteString("duration", XmlConvert.ToString(TimeSpan.FromSeconds(result.DurationS)));
        json.WriteEndObject();
        json.WriteString("description", $"{result.Load}; latencies from the scheduled send");
        json.WriteEndObject();
    }

    static void Scenario(Utf8JsonWriter json, BenchResult result, string version)
    {
        json.WriteStartObject("scenario");
        json.WriteStartObject("load");
        json.WriteStartObject("metadata");
        json.WriteString("schema_version", "0.0.1");
        json.WriteEndObject();
        json.WriteStartObject("standardized");
        json.WriteString("tool", "plimsoll");
        json.WriteString("tool_version", version);
        json.WriteNumber("parallelism", 1);
        json.WriteString("source", "random");
        json.WriteNumber("stage", 0);
        Length(json, "input_seq_len", result.PromptTokens, result.Completed);
        Length(json, "output_seq_len", result.OutputTokens, result.Completed);
        if (result.RequestRate is { } rate)
            json.WriteNumber("rate_qps", rate);
        if (result.MaxConcurrency is { } concurrency)
            json.WriteNumber("concurrency", concurrency);
        json.WriteEndObject();
        json.WriteStartObject("native");
        json.WriteStartObject("args");
        json.WriteString("load", result.Load);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    static void Length(Utf8JsonWriter json, string name, long tokens, long requests)
    {
        json.WriteStartObject(name);
        json.WriteString("distribution", "other");
        json.WriteNumber("value", requests == 0 ? 0 : (double)tokens / requests);
        json.WriteEndObject();
    }

    static void Aggregate(Utf8JsonWriter json, BenchResult result, LevelReport level)
    {
        json.WriteStartObject("requests");
        json.WriteNumber("total", level.Requests + level.Cancelled);
        json.WriteNumber("failures", level.Failed);
        json.WriteNumber("incomplete", level.Cancelled);
        if (level.Completed > 0)
        {
            Mean(json, "input_length", "count", (double)level.PromptTokens / level.Completed);
            Mean(json, "output_length", "count", (double)level.OutputTokens / level.Completed);
        }
        json.WriteEndObject();
        json.WriteStartObject("latency");
        Latency(json, "time_to_first_token", "ms", level.Latencies[Metric.Ttft]);
        Latency(json, "time_per_output_token", "ms/token", level.Latencies[Metric.Tpot]);
        Latency(json, "inter_token_latency", "ms/token", level.Latencies[Metric.Itl]);
        Latency(json, "request_latency", "ms", level.Latencies[Metric.E2e]);
        json.WriteEndObject();
        json.WriteStartObject("throughput");
        Mean(json, "input_token_rate", "tokens/s", result.PerSecond(level.PromptTokens));
        Mean(json, "output_token_rate", "tokens/s", result.PerSecond(level.OutputTokens));
        Mean(json, "total_token_rate", "tokens/s", result.PerSecond(level.PromptTokens + level.OutputTokens));
        Mean(json, "request_rate", "queries/s", result.PerSecond(level.Completed));
        json.WriteEndObject();
    }

    static void Mean(Utf8JsonWriter json, string name, string units, double mean)
    {
        json.WriteStartObject(name);
        json.WriteString("units", units);
        json.WriteNumber("mean", mean);
        json.WriteEndObject();
    }

    /// <summary>A statistic must have a mean: without a sample it is left out.</summary>
    static void Latency(Utf8JsonWriter json, string name, string units, LatencyReport latency)
    {
        if (latency.MeanMs is not { } mean)
            return;
        json.WriteStartObject(name);
        json.WriteString("units", units);
        json.WriteNumber("mean", mean);
        if (latency.StdMs is { } std)
            json.WriteNumber("stddev", std);
        foreach (var percentile in new[] { 50.0, 90, 95, 99 })
        {
            if (latency.At(percentile) is { } ms)
                json.WriteNumber("p" + percentile.ToString(CultureInfo.InvariantCulture), ms);
        }
        json.WriteEndObject();
    }
}
