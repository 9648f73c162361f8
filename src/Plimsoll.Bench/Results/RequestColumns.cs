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
    /// <summary>Nanoseconds of ten years, which no run lasts.</summary>
    const long MostNs = 315_360_000_000_000_000;

    /// <param name="Name">Of the list.</param>
    /// <param name="Of">The value of a request.</param>
    /// <param name="Set">Gives it to a request.</param>
    /// <param name="Most">No value is larger.</param>
    /// <param name="Least">None is smaller.</param>
    readonly record struct NumberColumn(string Name, Func<RequestRecord, long> Of,
        Action<RequestRecord, long> Set, long Most, long Least = 0);

    static readonly NumberColumn[] Numbers =
    [
        new("index", r => r.Index, (r, v) => r.Index = v, long.MaxValue),
        new("level", r => r.Level, (r, v) => r.Level = (int)v, int.MaxValue),
        new("session", r => r.Session, (r, v) => r.Session = (int)v, int.MaxValue, -1),
        new("scheduled_ns", r => r.ScheduledNs, (r, v) => r.ScheduledNs = v, MostNs),
        new("dispatched_ns", r => r.DispatchedNs, (r, v) => r.DispatchedNs = v, MostNs),
        new("sent_ns", r => r.SentNs, (r, v) => r.SentNs = v, MostNs),
        new("first_token_ns", r => r.FirstTokenNs, (r, v) => r.FirstTokenNs = v, MostNs),
        new("last_token_ns", r => r.LastTokenNs, (r, v) => r.LastTokenNs = v, MostNs),
        new("end_ns", r => r.EndNs, (r, v) => r.EndNs = v, MostNs),
        new("asked_prompt_tokens", r => r.AskedPromptTokens, (r, v) => r.AskedPromptTokens = (int)v,
            int.MaxValue),
        new("asked_output_tokens", r => r.AskedOutputTokens, (r, v) => r.AskedOutputTokens = (int)v,
            int.MaxValue),
        new("prompt_tokens", r => r.PromptTokens, (r, v) => r.PromptTokens = (int)v, int.MaxValue),
        new("output_tokens", r => r.OutputTokens, (r, v) => r.OutputTokens = (int)v, int.MaxValue),
        new("cached_tokens", r => r.SaysCached ? r.CachedTokens : -1,
            (r, v) => (r.CachedTokens, r.SaysCached) = ((int)Math.Max(0, v), v >= 0), int.MaxValue, -1),
        new("counted", r => r.HasUsage ? 1 : 0, (r, v) => r.HasUsage = v == 1, 1),
        new("chunks", r => r.Chunks, (r, v) => r.Chunks = (int)v, int.MaxValue),
        new("status", r => r.Status, (r, v) => r.Status = (int)v, int.MaxValue),
    ];

    const string Chunks = "tokens_so_far";

    public static void Write(Utf8JsonWriter json, DetailSpool detail)
    {
        json.WriteStartObject("requests");
        foreach (var column in Numbers)
        {
            VllmJson.List(json, column.Name, detail.Read(), (writer, r) =>
                writer.WriteNumberValue(column.Of(r)));
        }
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
    /// <param name="levels">Of the run.</param>
    public static IReadOnlyList<RequestRecord> Read(JsonElement root, string file, int levels)
    {
        var columns = root.GetProperty("plimsoll").GetProperty("requests");
        var records = Column(columns, "index", file).Select(_ => new RequestRecord()).ToList();
        foreach (var column in Numbers)
        {
            var most = column.Name == "level" ? levels - 1 : column.Most;
            Each(columns, column.Name, file, records, $"a whole number of {column.Least} to {most}",
                (record, value) =>
                {
                    if (!value.TryGetInt64(out var number) || number < column.Least || number > most)
                        return false;
                    column.Set(record, number);
                    return true;
                });
        }
        Each(columns, "shared_share", file, records, "a share, or -1", (r, value) =>
            (r.SharedShare = value.GetDouble()) is >= -1 and <= 1);
        Each(columns, "failure", file, records, "a kind of failure, or none", (r, value) =>
            (r.Failure = FailureKinds.Find(value.GetString()!)).Name() == value.GetString());
        Each(columns, "message", file, records, "a text or null", (r, value) =>
        {
            r.Message = value.GetString();
            return true;
        });
        Each(columns, "impossible_count", file, records, "a kind of count, or none", (r, value) =>
            (r.Usage = UsageFaults.Find(value.GetString()!)).Name() == value.GetString());
        Each(columns, "impossible_said", file, records, "a text or null", (r, value) =>
        {
            r.UsageSaid = value.GetString();
            return true;
        });
        var choices = Choices(root);
        Arrivals(root, columns, file, records, choices);
        SavedRequests.Check(records, file, choices);
        return records;
    }

    /// <summary>Any number where an older file does not say.</summary>
    static int Choices(JsonElement root) =>
        SavedReports.Number(root, "plimsoll.choices") is { } choices and >= 1 and <= int.MaxValue
            ? (int)choices : int.MaxValue;

    static void TokensSoFar(Utf8JsonWriter json, RequestRecord record)
    {
        json.WriteStartArray();
        foreach (var arrival in record.Served ? record.Arrivals : [])
            json.WriteNumberValue(arrival.TokensSoFar);
        json.WriteEndArray();
    }

    /// <summary>The pieces of each served answer: gaps of vLLM's list, counts of ours.</summary>
    static void Arrivals(JsonElement root, JsonElement columns, string file, List<RequestRecord> records,
        int choices)
    {
        var gaps = root.GetProperty("itls").EnumerateArray().ToList();
        var next = 0;
        Each(columns, Chunks, file, records, "the answer's tokens by each of its pieces", (record, counts) =>
        {
            if (record.Failure == FailureKind.Cancelled)
                return true;
            var between = gaps[next++];
            if (!record.Served)
                return true;
            if (counts.GetArrayLength() != record.Chunks
                || between.GetArrayLength() != Math.Max(0, record.Chunks - 1))
            {
                return false;
            }
            return Pieces(record, counts, between, choices);
        });
    }

    /// <summary>
    /// False for gaps or counts that cannot be; several answers at once are counted each for itself, in turn.
    /// </summary>
    static bool Pieces(RequestRecord record, JsonElement counts, JsonElement between, int choices)
    {
        var (first, last) = (record.FirstTokenNs, record.LastTokenNs);
        var (at, before) = (first, 0);
        record.Chunks = 0;
        foreach (var count in counts.EnumerateArray())
        {
            var gap = record.Chunks == 0 ? 0 : between[record.Chunks - 1].GetDecimal() * 1_000_000_000m;
            if (gap < 0 || gap > MostNs - at || !count.TryGetInt32(out var soFar) || soFar < -1)
                return false;
            if (choices == 1 && soFar >= 0 && (soFar < before || soFar > record.OutputTokens))
                return false;
            record.Arrived(at += (long)gap, soFar);
            before = Math.Max(before, soFar);
        }
        (record.FirstTokenNs, record.LastTokenNs) = (first, last);
        return true;
    }

    static void Each(JsonElement columns, string name, string file, List<RequestRecord> records,
        string expected, Func<RequestRecord, JsonElement, bool> set)
    {
        var values = Column(columns, name, file);
        if (values.Count != records.Count)
        {
            throw new BadInputException($"{file}: plimsoll.requests.{name} has {values.Count} entries; "
                + $"expected {records.Count}, as index");
        }
        for (var i = 0; i < values.Count; i++)
        {
            if (!Sets(set, records[i], values[i]))
            {
                throw new BadInputException($"{file}: plimsoll.requests.{name}[{i}] is "
                    + $"{Shown(values[i])}; expected {expected}");
            }
        }
    }

    /// <summary>False too for what is of another kind altogether.</summary>
    static bool Sets(Func<RequestRecord, JsonElement, bool> set, RequestRecord record, JsonElement value)
    {
        try
        {
            return set(record, value);
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException
            or OverflowException or IndexOutOfRangeException or ArgumentOutOfRangeException)
        {
            return false;
        }
    }

    static string Shown(JsonElement value)
    {
        const int Most = 40;
        var text = value.GetRawText();
        return ErrorText.OneLine(text.Length <= Most ? text : text[..Most] + "…");
    }

    static List<JsonElement> Column(JsonElement columns, string name, string file) =>
        columns.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray()]
            : throw new BadInputException($"{file}: plimsoll.requests.{name} is missing; expected a list");
}
