using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Plimsoll.Bench.Wire;
using Plimsoll.Core;

namespace Plimsoll.Bench.Results;

/// <summary>
/// What vLLM's lists do not hold of a request: a list per field in our object, one entry per request, those
/// given up too. With vLLM's <c>itls</c> beside them the requests are read back as they were, but for the
/// pieces of answers that failed.
/// </summary>
static class RequestColumns
{
    static readonly (string Name, Func<RequestRecord, long> Of, Action<RequestRecord, long> Set)[] Numbers =
    [
        ("index", r => r.Index, (r, v) => r.Index = v),
        ("level", r => r.Level, (r, v) => r.Level = (int)v),
        ("session", r => r.Session, (r, v) => r.Session = (int)v),
        ("scheduled_ns", r => r.ScheduledNs, (r, v) => r.ScheduledNs = v),
        ("dispatched_ns", r => r.DispatchedNs, (r, v) => r.DispatchedNs = v),
        ("sent_ns", r => r.SentNs, (r, v) => r.SentNs = v),
        ("first_token_ns", r => r.FirstTokenNs, (r, v) => r.FirstTokenNs = v),
        ("last_token_ns", r => r.LastTokenNs, (r, v) => r.LastTokenNs = v),
        ("end_ns", r => r.EndNs, (r, v) => r.EndNs = v),
        ("asked_prompt_tokens", r => r.AskedPromptTokens, (r, v) => r.AskedPromptTokens = (int)v),
        ("asked_output_tokens", r => r.AskedOutputTokens, (r, v) => r.AskedOutputTokens = (int)v),
        ("prompt_tokens", r => r.PromptTokens, (r, v) => r.PromptTokens = (int)v),
        ("output_tokens", r => r.OutputTokens, (r, v) => r.OutputTokens = (int)v),
        ("cached_tokens", r => r.SaysCached ? r.CachedTokens : -1,
            (r, v) => (r.CachedTokens, r.SaysCached) = ((int)Math.Max(0, v), v >= 0)),
        ("counted", r => r.HasUsage ? 1 : 0, (r, v) => r.HasUsage = v == 1),
        ("chunks", r => r.Chunks, (r, v) => r.Chunks = (int)v),
        ("status", r => r.Status, (r, v) => r.Status = (int)v),
    ];

    const string Chunks = "tokens_so_far";

    public static void Write(Utf8JsonWriter json, DetailSpool detail)
    {
        json.WriteStartObject("requests");
        foreach (var (name, of, _) in Numbers)
            VllmJson.List(json, name, detail.Read(), (writer, r) => writer.WriteNumberValue(of(r)));
        VllmJson.List(json, "shared_share", detail.Read(), (writer, r) =>
            writer.WriteNumberValue(r.SharedShare));
        VllmJson.List(json, "failure", detail.Read(), (writer, r) =>
            writer.WriteStringValue(r.Failure.Name()));
        VllmJson.List(json, "message", detail.Read(), (writer, r) => writer.WriteStringValue(r.Message));
        VllmJson.List(json, "impossible_count", detail.Read(), (writer, r) =>
            writer.WriteStringValue(r.Usage.Name()));
        VllmJson.List(json, "impossible_said", detail.Read(), (writer, r) =>
            writer.WriteStringValue(r.UsageSaid));
        VllmJson.List(json, Chunks, detail.Read(), TokensSoFar);
        json.WriteEndObject();
    }

    /// <summary>The requests of a file, in its order; each is a record of its own.</summary>
    /// <param name="root">The whole file.</param>
    /// <param name="file">Its name, for errors.</param>
    public static IReadOnlyList<RequestRecord> Read(JsonElement root, string file)
    {
        var columns = root.GetProperty("plimsoll").GetProperty("requests");
        var records = Column(columns, "index", file).Select(_ => new RequestRecord()).ToList();
        foreach (var (name, _, set) in Numbers)
            Each(columns, name, file, records, (record, value) => set(record, value.GetInt64()));
        Each(columns, "shared_share", file, records, (r, value) => r.SharedShare = value.GetDouble());
        Each(columns, "failure", file, records, (r, value) =>
            r.Failure = FailureKinds.Find(value.GetString()!));
        Each(columns, "message", file, records, (r, value) => r.Message = value.GetString());
        Each(columns, "impossible_count", file, records, (r, value) =>
            r.Usage = UsageFaults.Find(value.GetString()!));
        Each(columns, "impossible_said", file, records, (r, value) => r.UsageSaid = value.GetString());
        Arrivals(root, columns, file, records);
        return records;
    }

    static void TokensSoFar(Utf8JsonWriter json, RequestRecord record)
    {
        json.WriteStartArray();
        foreach (var arrival in record.Served ? record.Arrivals : [])
            json.WriteNumberValue(arrival.TokensSoFar);
        json.WriteEndArray();
    }

    /// <summary>The pieces of each served answer: gaps of vLLM's list, counts of ours.</summary>
    static void Arrivals(JsonElement root, JsonElement columns, string file, List<RequestRecord> records)
    {
        var gaps = root.GetProperty("itls").EnumerateArray().ToList();
        var next = 0;
        Each(columns, Chunks, file, records, (record, counts) =>
        {
            if (record.Failure == FailureKind.Cancelled)
                return;
            var between = gaps[next++];
            if (!record.Served)
                return;
            var (first, last) = (record.FirstTokenNs, record.LastTokenNs);
            var at = first;
            record.Chunks = 0;
            for (var i = 0; i < counts.GetArrayLength(); i++)
            {
                at += i == 0 ? 0 : (long)(between[i - 1].GetDecimal() * 1_000_000_000m);
                record.Arrived(at, counts[i].GetInt32());
            }
            (record.FirstTokenNs, record.LastTokenNs) = (first, last);
        });
    }

    static void Each(JsonElement columns, string name, string file, List<RequestRecord> records,
        Action<RequestRecord, JsonElement> set)
    {
        var values = Column(columns, name, file);
        if (values.Count != records.Count)
        {
            throw new BadInputException($"{file}: plimsoll.requests.{name} has {values.Count} entries; "
                + $"expected {records.Count}, as index");
        }
        for (var i = 0; i < values.Count; i++)
            set(records[i], values[i]);
    }

    static List<JsonElement> Column(JsonElement columns, string name, string file) =>
        columns.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray()]
            : throw new BadInputException($"{file}: plimsoll.requests.{name} is missing; expected a list");
}
