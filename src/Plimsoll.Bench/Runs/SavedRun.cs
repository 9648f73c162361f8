using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Wire;
using Plimsoll.Core;
using Plimsoll.Core.Measures;
using Plimsoll.Inputs.Measured;

namespace Plimsoll.Bench.Runs;

/// <summary>
/// A run that bench itself saved with its requests, read back: the same levels, latencies, gaps, verdicts,
/// client and load line that it printed.
/// </summary>
static class SavedRun
{
    /// <summary>Whether a document is such a run.</summary>
    public static bool Is(JsonElement root) => root.Find("plimsoll.requests") is not null;

    /// <param name="root">The whole file.</param>
    /// <param name="file">Its name.</param>
    /// <param name="promise">In place of what was promised then; empty for that.</param>
    /// <param name="percentiles">To be printed.</param>
    public static (BenchResult Result, IReadOnlyList<RequestRecord> Requests) Read(
        JsonElement root, string file, IReadOnlyList<Limit> promise, IReadOnlyCollection<double> percentiles)
    {
        try
        {
            if (SavedReports.Number(root, "plimsoll.form") is not PlimsollJson.Form)
            {
                throw new BadInputException(
                    $"{file}: plimsoll.form is not {PlimsollJson.Form}; expected the result of this bench");
            }
            var levels = Levels(root, file, promise);
            var requests = RequestColumns.Read(root, file, levels.Count);
            return (Result(root, file, levels, requests, percentiles), requests);
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException or KeyNotFoundException
            or IndexOutOfRangeException or ArgumentOutOfRangeException or OverflowException)
        {
            throw new BadInputException($"{file}",
                $"is no whole result of bench ({ErrorText.OneLine(e.Message).TrimEnd('.')})",
                "one of `plimsoll bench --save-detailed`");
        }
    }

    static List<LevelOptions> Levels(JsonElement root, string file, IReadOnlyList<Limit> promise)
    {
        var levels = new List<LevelOptions>();
        foreach (var level in root.GetProperty("plimsoll").GetProperty("levels").EnumerateArray())
        {
            var where = $"{file}: plimsoll.levels[{levels.Count}].promise";
            List<Limit> own = [.. level.GetProperty("promise").EnumerateArray().Select((limit, index) =>
                SavedReports.Limit(limit.Text("limit"), $"{where}[{index}]"))];
            levels.Add(new LevelOptions
            {
                Name = level.Text("name") ?? throw new KeyNotFoundException("a level has no name"),
                Promise = promise.Count > 0 ? promise : own,
                Judged = promise.Count > 0 || own.Count == 0 || level.Text("verdict") != "none",
            });
        }
        return levels;
    }

    /// <summary>Dollars are of the duration: it is what the requests took, to a hundredth.</summary>
    static void CheckTimes(string file, double durationS, double busyS, LoadTimes times)
    {
        var tookS = Math.Max(0, times.LastEndNs - times.FirstDueNs) / 1e9;
        var tolerance = 0.01 + (0.01 * tookS);
        if (times.LastEndNs > 0 && Math.Abs(durationS - tookS) > tolerance)
        {
            throw new BadInputException(string.Create(CultureInfo.InvariantCulture,
                $"{file}: duration is {durationS:0.###} s, its requests took {tookS:0.###} s; ")
                + "expected the same");
        }
        if (busyS > durationS + tolerance)
        {
            throw new BadInputException(string.Create(CultureInfo.InvariantCulture,
                $"{file}: plimsoll.busy_s is {busyS:0.###} s of {durationS:0.###} s; expected no more"));
        }
    }

    static BenchResult Result(JsonElement root, string file, List<LevelOptions> levels,
        IReadOnlyList<RequestRecord> requests, IReadOnlyCollection<double> percentiles)
    {
        var ours = root.GetProperty("plimsoll");
        var durationS = SavedReports.Figure(root, "duration", file);
        if (durationS is null || (durationS == 0 && requests.Any(request => request.Served)))
            throw new BadInputException($"{file}: duration is not there or 0; expected seconds");
        var meters = levels.ConvertAll(level => new LevelMeter(level));
        var times = new LoadTimes();
        foreach (var record in requests)
        {
            var meter = meters[record.Level];
            var good = meter.Good;
            meter.Add(record);
            if (record.Failure != FailureKind.Cancelled)
                times.Add(record, meter.Good > good);
        }
        var busyS = SavedReports.Figure(ours, "busy_s", file) ?? 0;
        CheckTimes(file, durationS.Value, busyS, times);
        return new BenchResult
        {
            StartedAt = DateTimeOffset.Parse(ours.GetProperty("started_at").GetString()!,
                CultureInfo.InvariantCulture),
            DurationS = durationS.Value,
            Interrupted = ours.Flag("interrupted") == true,
            Refused = ours.Text("refused"),
            Address = ours.Text("address") ?? Path.GetFileName(file),
            Model = ErrorText.OneLine(root.Text("model_id") ?? "unnamed model"),
            TokenCounting = ours.Text("token_counting") ?? "unknown",
            PromptLengths = ours.Text("prompt_lengths") ?? "unknown",
            PromptSalt = ours.Find("prompt_salt") is { } salt ? salt.GetUInt64() : null,
            Load = ours.Text("load") ?? "unknown",
            Loop = ours.Text("loop"),
            RequestRate = SavedReports.Figure(root, "request_rate", file),
            DueRate = SavedReports.Figure(ours, "due_rate", file),
            Choices = (int)(SavedReports.Figure(ours, "choices", file) ?? 1),
            Burstiness = SavedReports.Figure(root, "burstiness", file),
            MaxConcurrency = (int?)SavedReports.Figure(root, "max_concurrency", file),
            MostInFlight = (int)(SavedReports.Figure(root, "max_concurrent_requests", file) ?? 0),
            MeanInFlight = SavedReports.Figure(ours, "mean_in_flight", file) ?? 0,
            BusyS = busyS,
            Levels = meters.ConvertAll(meter => meter.Report(percentiles)),
            Client = SavedReports.Client(ours.Find("client"), file),
            Server = SavedReports.Server(ours.Find("server")),
            Steps = SavedReports.Steps(ours.Find("steps"), file),
            LoadLine = SavedReports.LoadLine(ours.Find("load_line"), file),
            Metadata = ours.Find("metadata") is { ValueKind: JsonValueKind.Object } metadata
                ? [.. metadata.EnumerateObject().Select(m =>
                    KeyValuePair.Create(m.Name, m.Value.ToString()))] : [],
            Slices = times.Slices,
        };
    }
}
