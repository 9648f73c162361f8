using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Wire;
using Plimsoll.Core;
using Plimsoll.Core.Measures;
using Plimsoll.Inputs.Measured;
using Plimsoll.Inputs.Workloads.Traces;

namespace Plimsoll.Bench.Runs;

/// <summary>
/// A run that another tool measured, or this one earlier: by our definitions as far as its file goes. Times
/// run from whatever the tool calls the start, which is its own send; gaps between tokens are not in it.
/// </summary>
public static class ImportedRun
{
    public static BenchResult Read(
        string path, LevelOptions level, IReadOnlyCollection<double> percentiles) =>
        ReadAll(path, level, percentiles).Result;

    /// <summary>With its requests, served and failed.</summary>
    public static (BenchResult Result, IReadOnlyList<RequestRecord> Requests) ReadAll(
        string path, LevelOptions level, IReadOnlyCollection<double> percentiles)
    {
        using (var json = MeasuredDocument.TryRead(path))
        {
            if (json is not null && SavedRun.Is(json.RootElement))
                return SavedRun.Read(json.RootElement, path, level.Promise, percentiles);
            if (json is null)
                RefuseSweep(path);
        }
        return Foreign(path, level, percentiles);
    }

    static void RefuseSweep(string path)
    {
        using var source = TraceSource.Open(path);
        if (source.Head().AsSpan().TrimStart("\uFEFF \t\r\n"u8) is not [(byte)'[', ..])
            return;
        using var json = JsonFields.Document(source, "the result of a benchmark");
        if (json.RootElement.EnumerateArray().Any(run => run.Find("plimsoll.form") is not null))
        {
            throw new BadInputException($"{path}: holds a result for each rate of a sweep; expected one of "
                + "them in a file of its own, as jq '.[0]' prints the first");
        }
    }

    static (BenchResult Result, IReadOnlyList<RequestRecord> Requests) Foreign(
        string path, LevelOptions level, IReadOnlyCollection<double> percentiles)
    {
        var input = MeasuredRequests.Read(path);
        var meter = new LevelMeter(level);
        var times = new LoadTimes();
        var first = input.Timings.Min(timing => timing.StartNs);
        var records = input.Timings.OrderBy(timing => timing.StartNs + timing.E2eNs)
            .Select(timing => Record(timing, first)).ToList();
        foreach (var record in records)
        {
            var good = meter.Good;
            meter.Add(record);
            times.Add(record, meter.Good > good);
        }
        for (var i = 0L; i < input.Failed; i++)
        {
            meter.Add(new RequestRecord { Failure = FailureKind.ErrorEvent,
                Message = "failed, by its file" });
        }
        Occupancy(input.Timings, first, times);
        var result = new BenchResult
        {
            StartedAt = File.GetLastWriteTimeUtc(path),
            IsImported = true,
            DurationS = (times.LastEndNs - times.FirstDueNs) / 1e9,
            Interrupted = false,
            Address = path,
            Model = input.Facts.Model ?? "unnamed model",
            TokenCounting = $"by the tool that wrote {input.Form}",
            PromptLengths = "as in the file",
            Load = input.Form,
            MostInFlight = times.Most,
            MeanInFlight = times.MeanInFlight,
            BusyS = times.BusyNs / 1e9,
            Levels = [meter.Report(percentiles) with { FromSend = new Dictionary<Metric, LatencyReport>() }],
            Client = new ClientReport
            {
                DispatchLateP50Ms = null,
                DispatchLateP99Ms = null,
                WrittenLateP50Ms = null,
                WrittenLateP99Ms = null,
                ReadLagP99Ms = null,
                CpuShare = null,
                PausedMs = 0,
                ClockSteps = 0,
                ClockSteppedMs = 0,
                MostShare = 1,
                InvalidBecause = [],
            },
            Slices = times.Slices,
        };
        return (result, records);
    }

    static RequestRecord Record(RequestTiming timing, double firstNs)
    {
        var start = (long)(timing.StartNs - firstNs);
        return new RequestRecord
        {
            ScheduledNs = start,
            DispatchedNs = start,
            SentNs = start,
            FirstTokenNs = start + (long)timing.TtftNs,
            LastTokenNs = start + (long)timing.E2eNs,
            EndNs = start + (long)timing.E2eNs,
            PromptTokens = timing.PromptTokens,
            AskedPromptTokens = timing.PromptTokens,
            OutputTokens = timing.OutputTokens,
            AskedOutputTokens = timing.OutputTokens,
            HasUsage = true,
        };
    }

    static void Occupancy(IReadOnlyList<RequestTiming> timings, double firstNs, LoadTimes times)
    {
        var inFlight = 0;
        var changes = timings.SelectMany(t =>
            new[] { (At: t.StartNs - firstNs, By: 1), (At: t.StartNs - firstNs + t.E2eNs, By: -1) });
        foreach (var (at, by) in changes.OrderBy(change => change.At).ThenBy(change => change.By))
            times.InFlight((long)at, inFlight += by);
    }
}
