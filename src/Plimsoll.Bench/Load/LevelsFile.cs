using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.RegularExpressions;
using Plimsoll.Core;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Inputs.Files;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Inputs.Workloads.Traces;

namespace Plimsoll.Bench.Load;

/// <summary>
/// Several levels in one JSON file, a list of objects: <c>name</c>; <c>workload</c>, or <c>input_tokens</c>
/// and <c>output_tokens</c>; <c>request_rate</c> or <c>clients</c>; <c>burstiness</c>, <c>requests</c>,
/// <c>promise</c> (a list), <c>api_key</c> (<c>${VAR}</c> or <c>${VAR:-default}</c>), <c>priority</c>,
/// <c>service_tier</c>. Any other key is an error.
/// </summary>
public static class LevelsFile
{
    const int MostLevels = 64;
    const int MostClients = 1_000_000;
    const double MostRate = 1e6;
    const double MostShape = 1e9;
    const int MostRequests = 1_000_000_000;

    static readonly JsonDocumentOptions _strict = new() { AllowDuplicateProperties = false };

    /// <summary>Of each pair one would be ignored.</summary>
    static readonly (string One, string Other)[] Apart =
    [
        ("workload", "input_tokens"), ("workload", "output_tokens"), ("request_rate", "clients"),
        ("burstiness", "clients"),
    ];

    static readonly string[] Known =
    [
        "name", "workload", "input_tokens", "output_tokens", "request_rate", "clients", "burstiness",
            "requests",
        "promise", "api_key", "priority", "service_tier",
    ];

    /// <param name="path">The file.</param>
    /// <param name="usual">What a level has where it says nothing.</param>
    /// <param name="traces">What is known of the traces that levels name.</param>
    public static IReadOnlyList<LevelOptions> Read(
        string path, LevelOptions usual, TraceOptions? traces = null)
    {
        if (!File.Exists(path))
            throw new BadInputException($"{Setting.Levels} {path}", "no such file", "a JSON list of levels");
        using var json = Parse(path);
        if (json.RootElement.ValueKind != JsonValueKind.Array
            || json.RootElement.GetArrayLength() is 0 or > MostLevels)
        {
            throw new BadInputException($"{path}: is no list of levels; expected 1 to "
                + $"{MostLevels} JSON objects");
        }
        var levels = json.RootElement.EnumerateArray()
            .Select((level, index) =>
                Level(level, $"{path}, level {index + 1}", usual, traces, (ulong)index)).ToList();
        return levels.DistinctBy(level => level.Name).Count() == levels.Count
            ? levels
            : throw new BadInputException($"{path}: two levels have one name; expected names of their own");
    }

    static JsonDocument Parse(string path)
    {
        try
        {
            return JsonDocument.Parse(SmallFile.ReadText(path, "a list of levels"), _strict);
        }
        catch (JsonException e) when (e.LineNumber is { } line)
        {
            throw new BadInputException($"{path}, line {line + 1}: is no JSON; expected a list of levels");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new BadInputException($"{path}: has a key twice, or half a character in one; "
                + "expected each key once");
        }
    }

    static LevelOptions Level(
        JsonElement json, string where, LevelOptions usual, TraceOptions? traces, ulong index)
    {
        if (json.ValueKind != JsonValueKind.Object)
            throw new BadInputException($"{where}: is no object; expected one");
        foreach (var member in json.EnumerateObject())
        {
            if (!Known.Contains(member.Name))
            {
                throw new BadInputException(
                    $"{where}: unknown key {member.Name}; expected {string.Join(", ", Known)}");
            }
        }
        foreach (var (one, other) in Apart)
        {
            if (json.TryGetProperty(one, out _) && json.TryGetProperty(other, out _))
                throw new BadInputException($"{where}: {one} and {other}; expected one of them");
        }
        var workload = Text(json, "workload", where) is { } name ? WorkloadChoice.Open(name, traces) : null;
        var (input, output) = (Whole(json, "input_tokens", where, LengthOptions.MostTokens),
            Whole(json, "output_tokens", where, LengthOptions.MostTokens));
        if (workload is null == (input is null || output is null))
            throw new BadInputException($"{where}: expected workload, or input_tokens and output_tokens");
        var (rate, clients) = (Number(json, "request_rate", where, MostRate),
            Whole(json, "clients", where, MostClients));
        if (rate is null == clients is null && workload?.HasRate != true)
            throw new BadInputException($"{where}: expected request_rate or clients, one of them");
        return usual with
        {
            Name = Text(json, "name", where) ?? $"level {index + 1}",
            Workload = workload,
            Lengths = workload is null ? new LengthOptions(input!.Value, output!.Value) : null,
            RequestsPerSecond = rate ?? workload?.RequestsPerSecond ?? double.PositiveInfinity,
            Clients = clients,
            Burstiness = Number(json, "burstiness", where, MostShape) ?? usual.Burstiness,
            Requests = Whole(json, "requests", where, MostRequests) ?? usual.RequestsOf(workload),
            Promise = json.TryGetProperty("promise", out var promise)
                ? [.. List(promise, where).Select(limit => Limit(limit, where))]
                : usual.Promise,
            ApiKey = Text(json, "api_key", where) is { } key ? Filled(key, where) : null,
            Priority = Priority(json, where),
            ServiceTier = Text(json, "service_tier", where),
            Seed = usual.Seed + index,
        };
    }

    static IEnumerable<string> List(JsonElement json, string where)
    {
        if (json.ValueKind != JsonValueKind.Array)
        {
            throw new BadInputException($"{where}: promise is no list; expected limits "
                + $"such as \"ttft p95 500ms\"");
        }
        return json.EnumerateArray().Select(limit => limit.ToString());
    }

    static string? Text(JsonElement json, string key, string where) =>
        !json.TryGetProperty(key, out var value) ? null
        : value.ValueKind == JsonValueKind.String && Unicode(value) is { } text ? text
        : throw new BadInputException($"{where}: {key} is no text; expected one");

    /// <summary>Null for a text with half a character in it.</summary>
    static string? Unicode(JsonElement value)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    static Limit Limit(string text, string where)
    {
        try
        {
            return PromiseText.Parse(text);
        }
        catch (BadInputException e)
        {
            throw new BadInputException($"{where}: {e.Message}");
        }
    }

    static int? Priority(JsonElement json, string where) =>
        !json.TryGetProperty("priority", out var value) ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var priority) ? priority
        : throw new BadInputException($"{where}: priority is {value}; expected a whole number, lower first");

    static int? Whole(JsonElement json, string key, string where, int most) =>
        !json.TryGetProperty(key, out var value) ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= 1
            && number <= most ? number
        : throw new BadInputException($"{where}: {key} is {value}; expected a whole number of 1 to {most}");

    static double? Number(JsonElement json, string key, string where, double most) =>
        !json.TryGetProperty(key, out var value) ? null
        : value.ValueKind == JsonValueKind.Number && value.GetDouble() is > 0 and var number
            && number <= most ? number
        : throw new BadInputException($"{where}: {key} is {value}; expected a number "
            + FormattableString.Invariant($"above 0 and at most {most:0}"));

    /// <summary>Keys stay out of files: <c>${VAR}</c> is the environment's.</summary>
    static string Filled(string text, string where) =>
        Regex.Replace(text, @"\$\{(\w+)(?::-([^}]*))?\}", match =>
        Environment.GetEnvironmentVariable(match.Groups[1].Value) is { Length: > 0 } value ? value
        : match.Groups[2].Success ? match.Groups[2].Value
        : throw new BadInputException($"{where}: {match.Groups[1].Value} is not set; "
            + $"expected it in the environment"));
}
