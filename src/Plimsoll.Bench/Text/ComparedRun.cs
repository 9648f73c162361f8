using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Verdicts;
using Plimsoll.Bench.Wire;
using Plimsoll.Core;
using Plimsoll.Inputs.Measured;

namespace Plimsoll.Bench.Text;

/// <summary>
/// One side of a comparison: its figures, what it was, and its requests where its file has them.
/// </summary>
public sealed record ComparedRun
{
    public required string Name { get; init; }

    public required IReadOnlyDictionary<string, double> Figures { get; init; }

    /// <summary>
    /// What the run was, by name: model, load, loop, rate, cache. Null where its file does not say.
    /// </summary>
    public required IReadOnlyList<(string Name, string? Value)> Circumstances { get; init; }

    /// <summary>Empty for a valid run, and for one whose tool does not check.</summary>
    public required IReadOnlyList<string> InvalidBecause { get; init; }

    /// <summary>What it says in words and no number: its promise, its search.</summary>
    public IReadOnlyList<(string Name, string? Value)> Words { get; init; } = [];

    /// <summary>95 % interval of its load line; null without one, or where an end is open.</summary>
    public Interval? LoadLine { get; init; }

    /// <summary>Null where the file holds no single requests.</summary>
    public BenchResult? Result { get; init; }

    /// <summary>Those that were served, in order of their start.</summary>
    public IReadOnlyList<RequestRecord> Served { get; init; } = [];

    public static ComparedRun Read(string path, string name)
    {
        using var json = MeasuredDocument.TryRead(path);
        var figures = json is null ? null : ResultFigures.Of(json.RootElement);
        (BenchResult Result, IReadOnlyList<RequestRecord> Requests)? run = null;
        try
        {
            run = ImportedRun.ReadAll(path, new LevelOptions(), LatencyReport.UsualPercentiles);
        }
        catch (BadInputException) when (figures is not null)
        {
            // A summary without its requests still has its figures.
        }
        if (figures?.FirstOrDefault(figure => figure.Value < 0) is { Key: { } figureName } impossible)
        {
            throw new BadInputException(string.Create(CultureInfo.InvariantCulture,
                $"{path}: {figureName} is {impossible.Value}; expected at least 0"));
        }
        var result = run?.Result;
        return new ComparedRun
        {
            Name = name,
            Figures = figures ?? ResultFigures.Of(result!),
            Circumstances = json?.RootElement is { } root && root.Find("plimsoll.form") is not null
                ? Ours(root) : Theirs(json?.RootElement, result),
            Words = json?.RootElement.Find("plimsoll") is { } said ? Spoken(said) : [],
            LoadLine = json?.RootElement.Find("plimsoll.load_line") is { } line ? LineInterval(line) : null,
            InvalidBecause = json is null ? [] : Invalid(json.RootElement),
            Result = result,
            Served = run is null ? []
                : [.. run.Value.Requests.Where(r => r.Served).OrderBy(r => r.ScheduledNs)],
        };
    }

    static IReadOnlyList<string> Invalid(JsonElement root)
    {
        // Bench's own file says itself whether it is valid; no other tool's does.
        if (root.Find("plimsoll") is not { } ours)
            return SavedReports.Number(root, "completed") is 0 ? ["no request was served"] : [];
        var reasons = SavedReports.Texts(ours, "invalid_because");
        if (reasons.Count == 0 && ours.Find("client") is { } client)
            reasons = SavedReports.Texts(client, "invalid_because");
        return reasons.Count > 0 || ours.Flag("valid") != false ? reasons : ["its file says so"];
    }

    static Interval? LineInterval(JsonElement line) =>
        SavedReports.Number(line, "low") is { } low && SavedReports.Number(line, "high") is { } high
            ? new Interval(low, high) : null;

    static List<(string, string?)> Spoken(JsonElement ours)
    {
        var words = new List<(string, string?)>();
        // A search breaks its promise on purpose.
        if (ours.Find("load_line") is { } line)
            words.Add(("load_line", line.Text("outcome")));
        else if (ours.Text("verdict") is { } verdict and not "none")
            words.Add(("promise", verdict));
        return words;
    }

    static List<(string, string?)> Ours(JsonElement root)
    {
        var ours = root.GetProperty("plimsoll");
        var levels = ours.Find("levels") is { ValueKind: JsonValueKind.Array } list
            ? list.EnumerateArray().ToList() : [];
        return
        [
            ("model", root.Text("model_id")),
            ("endpoint", ours.Text("address")),
            ("load", ours.Text("load")),
            ("loop", ours.Text("loop") ?? (root.Text("request_rate") == "inf" ? "closed" : "open")),
            ("requests/s sent", Rate(root)),
            ("most in flight", Count(root, "max_concurrency") ?? "any number"),
            ("prompt tokens each", Mean(root, "total_input_tokens")),
            ("output tokens each", Mean(root, "total_output_tokens")),
            ("prompt tokens cached", Share(levels, "cached_share")),
            ("of them shared by the load", Share(levels, "shared_share")),
            ("tokens counted", ours.Text("token_counting")),
            ("latencies from", ours.Text("latencies_from")),
            ("promise", string.Join(", ", levels.SelectMany(level =>
                level.Find("promise") is { ValueKind: JsonValueKind.Array } limits
                    ? limits.EnumerateArray().Select(limit => limit.Text("limit")) : []))),
        ];
    }

    static List<(string, string?)> Theirs(JsonElement? root, BenchResult? result)
    {
        var rate = root is { } given ? Rate(given) : null;
        return
        [
            ("model", root?.Text("model_id") ?? result?.Model),
            ("loop", rate is null ? null : rate == "inf" ? "closed" : "open"),
            ("requests/s sent", rate),
            ("most in flight", root is { } all ? Count(all, "max_concurrency") : null),
            ("prompt tokens each", root is { } some ? Mean(some, "total_input_tokens") : null),
            ("output tokens each", root is { } any ? Mean(any, "total_output_tokens") : null),
            ("latencies from", "that tool's own send"),
        ];
    }

    static string? Rate(JsonElement root) =>
        root.Text("request_rate") ?? SavedReports.Number(root, "request_rate")?.ToString(
            "0.###", CultureInfo.InvariantCulture);

    static string? Count(JsonElement root, string name) =>
        SavedReports.Number(root, name)?.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>To two digits: draws of the same lengths are no difference.</summary>
    static string? Mean(JsonElement root, string name) =>
        SavedReports.Number(root, name) is { } total
            && SavedReports.Number(root, "completed") is > 0 and var count
            ? Rounded(total / count) : null;

    static string Rounded(double value)
    {
        if (value <= 0)
            return "0";
        var unit = Math.Pow(10, Math.Floor(Math.Log10(value)) - 1);
        return "about " + (unit * Math.Round(value / unit)).ToString("#,0.##", CultureInfo.InvariantCulture);
    }

    static string? Share(List<JsonElement> levels, string name)
    {
        var shares = levels.ConvertAll(level => SavedReports.Number(level, name));
        return shares.Count == 0 || shares.Contains(null) ? null
            : string.Join(", ", shares.Select(share =>
                string.Create(CultureInfo.InvariantCulture, $"{100 * share:0} %")));
    }
}
