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
/// run from whatever the tool calls the start, which is its own send.
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
        var input = OneRun(path);
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
        AddFailed(meter, input);
        Occupancy(input.Timings, first, times);
        var e2eS = input.Timings.Sum(timing => timing.E2eNs) / 1e9;
        var result = new BenchResult
        {
            StartedAt = File.GetLastWriteTimeUtc(path),
            IsImported = true,
            DurationS = input.WithoutStartsS ?? (times.LastEndNs - times.FirstDueNs) / 1e9,
            StartsUnknown = input.WithoutStartsS is not null,
            Interrupted = false,
            Address = path,
            Model = ErrorText.OneLine(input.Facts.Model ?? "unnamed model"),
            TokenCounting = $"by the tool that wrote {input.Form}",
            PromptLengths = "as in the file",
            Load = input.Form,
            MaxConcurrency = input.MostInFlight,
            MostInFlight = input.WithoutStartsS is null ? times.Most : input.MostInFlight ?? 0,
            MeanInFlight = input.WithoutStartsS is { } tookS ? e2eS / tookS : times.MeanInFlight,
            // Somebody waited all the time in a closed loop, which alone has no starts.
            BusyS = input.WithoutStartsS ?? times.BusyNs / 1e9,
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
            Slices = input.WithoutStartsS is null ? times.Slices : [Whole(times.Slices)],
        };
        return (result, records);
    }

    /// <summary>One stretch: nobody knows what came when.</summary>
    static SliceReport Whole(IReadOnlyList<SliceReport> slices) => new(
        slices.Sum(slice => slice.PromptTokens), slices.Sum(slice => slice.OutputTokens),
        slices.Sum(slice => slice.GoodTokens));

    static MeasuredInput OneRun(string path)
    {
        var input = MeasuredRequests.Read(path);
        return input.Runs == 1 ? input
            : throw new BadInputException($"{path}: holds {input.Runs} runs one after another; expected one, "
                + "as jq '.benchmarks |= .[:1]' keeps the first");
    }

    static void AddFailed(LevelMeter meter, MeasuredInput input)
    {
        for (var i = 0L; i < input.Failed; i++)
        {
            var cut = i >= input.Failed - input.GivenUp;
            meter.Add(new RequestRecord
            {
                Failure = cut ? FailureKind.Cancelled : FailureKind.ErrorEvent,
                Message = ErrorText.OneLine(input.FirstFailure ?? "failed, by its file"),
            });
        }
    }

    static RequestRecord Record(RequestTiming timing, double firstNs)
    {
        var start = (long)(timing.StartNs - firstNs);
        var record = new RequestRecord
        {
            ScheduledNs = start,
            DispatchedNs = start,
            SentNs = start,
            EndNs = start + (long)timing.E2eNs,
            PromptTokens = timing.PromptTokens,
            AskedPromptTokens = timing.PromptTokens,
            OutputTokens = timing.OutputTokens,
            AskedOutputTokens = timing.OutputTokens,
            HasUsage = true,
        };
        if (timing.GapsS is not { } gaps)
        {
            (record.FirstTokenNs, record.LastTokenNs) = (start + (long)timing.TtftNs, record.EndNs);
            return record;
        }
        var at = start + timing.TtftNs;
        record.Arrived((long)at, 1);
        for (var i = 0; i < gaps.Length; i++)
            record.Arrived((long)(at += 1e9 * gaps[i]), i + 2);
        record.EndNs = Math.Max(record.EndNs, record.LastTokenNs);
        return record;
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
