using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using CsCheck;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Search;
using Plimsoll.Bench.Text;
using Plimsoll.Bench.Wire;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Measured;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Bench;

/// <summary>What bench saves with its requests it reads back: nothing is lost on the way.</summary>
public sealed class SavedRunLaws : IDisposable
{
    static readonly Gen<RequestRecord> Record =
        from at in Gen.Long[0, 100_000_000_000]
        from gaps in Gen.Long[0, 2_000_000_000].Array[1, 8]
        from level in Gen.Int[0, 1]
        from counted in Gen.Bool
        from tokens in Gen.Int[1, 4].Array[8]
        from cached in Gen.Int[-1, 20]
        from failure in Gen.Enum<FailureKind>()
        from fails in Gen.Int[0, 3]
        from fault in Gen.Enum<UsageFault>()
        from message in Gen.String[0, 12]
        from share in Gen.Double[-0.1, 1]
        select Made(at, gaps, level, counted, tokens, cached, fails == 0 ? failure : FailureKind.None, fault,
            message, share);

    static readonly Gen<ClientReport> Client =
        from numbers in Gen.Nullable(Gen.Double[0, 1e6]).Array[7]
        from reasons in Gen.String[Gen.Char.AlphaNumeric, 1, 9].Array[0, 2]
        from realTime in Gen.Bool
        select new ClientReport
        {
            DispatchLateP50Ms = numbers[0], DispatchLateP99Ms = numbers[1], WrittenLateP50Ms = numbers[2],
            WrittenLateP99Ms = numbers[3], ReadLagP99Ms = numbers[4], CpuShare = numbers[5],
            DispatchLate = numbers[0] is { } late ? new KnownPercentile(95, late) : null,
            ReadLagMaxMs = numbers[6], HeldBack = numbers[6] is null ? 0 : 7,
            RealTime = realTime, PausedMs = 3.5, ClockSteps = 2, ClockSteppedMs = -7, MostShare = 0.1,
            InvalidBecause = reasons,
        };

    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("plimsoll-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_saved_run_is_read_back_as_it_was() =>
        Gen.Select(Record.Array[0, 60], Client, Gen.Bool, Gen.Nullable(Gen.Double[0.1, 9]),
            Gen.Int[1, 2]).Sample(
            (records, client, interrupted, high, choices) =>
            {
                var path = Path.Combine(_folder.FullName, $"{Guid.NewGuid():N}.json");
                using var detail = new DetailSpool();
                var meters = new[] { Level("chat", "ttft p95 500ms"), Level("batch") };
                var times = new LoadTimes();
                foreach (var record in records)
                {
                    meters[record.Level].Add(record);
                    detail.Add(record);
                    if (record.Failure != FailureKind.Cancelled)
                        times.Add(record, good: false);
                }
                var tookS = Math.Max(0, times.LastEndNs - times.FirstDueNs) / 1e9;
                var result = Result(meters, client, interrupted, high) with
                {
                    Choices = choices, DurationS = tookS, BusyS = 0.9 * tookS,
                };
                VllmJson.Save(result, path, detail);
                var read = ImportedRun.Read(path, new LevelOptions(), LatencyReport.UsualPercentiles);
                VllmJson.Text(read).ShouldBe(VllmJson.Text(result));
                Page(read).ShouldBe(Page(result));
                ComparedRun.Read(path, "a").InvalidBecause.ShouldBe(result.InvalidBecause);
                File.Delete(path);
            }, iter: 100);

    static string Page(BenchResult result)
    {
        using var text = new StringWriter();
        Reports.Page.Write(BenchPage.Of(result, null, null, "1"), text);
        return text.ToString();
    }

    static LevelMeter Level(string name, params string[] promise) =>
        new(new LevelOptions { Name = name, Promise = [.. promise.Select(PromiseText.Parse)] });

    static RequestRecord Made(long at, long[] gaps, int level, bool counted, int[] tokens, int cached,
        FailureKind failure, UsageFault fault, string message, double share)
    {
        var record = new RequestRecord
        {
            ScheduledNs = at, DispatchedNs = at + 5, SentNs = at + 9, Level = level, AskedPromptTokens = 20,
            PromptTokens = 21, AskedOutputTokens = 32, Session = -1, SharedShare = share, Failure = failure,
            Message = failure == FailureKind.None ? null : message,
            Usage = failure == FailureKind.None ? fault : UsageFault.None,
            UsageSaid = failure == FailureKind.None && fault != UsageFault.None ? "said" : null,
            SaysCached = cached >= 0, CachedTokens = Math.Max(0, cached), HasUsage = counted,
        };
        var (time, sofar) = (at, 0);
        for (var i = 0; i < gaps.Length; i++)
            record.Arrived(time += gaps[i] + 1, counted ? sofar += tokens[i] : -1);
        record.OutputTokens = counted ? sofar : record.Chunks;
        record.EndNs = time + 3;
        return record;
    }

    static BenchResult Result(IReadOnlyList<LevelMeter> meters, ClientReport client, bool interrupted,
        double? high) => new()
    {
        StartedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), DurationS = 12.5,
        Interrupted = interrupted, Address = "http://a", Model = "m", TokenCounting = "so",
        PromptLengths = "so",
        Load = "chat at 3 requests/s", Loop = "open", RequestRate = 3, Burstiness = 0.5, MaxConcurrency = 7,
        MostInFlight = 6, MeanInFlight = 2.5, BusyS = 11, PromptSalt = ulong.MaxValue,
        Levels = [.. meters.Select(meter => meter.Report(LatencyReport.UsualPercentiles))], Client = client,
        DueRate = 0.5, Steps = new StepsReport(
            [new MeasuredStep(new StepShape { Decodes = 3, DecodeContextTokens = 90, LogitRows = 3 }, 8e6)],
            4, "cut short"),
        Server = new ServerReport { MeanRunning = 3, MeanTtftMs = 0.5 },
        LoadLine = new LoadLineEstimate(LineOutcome.Found, 3, 2.5, high, PromiseText.Parse("ttft p95 500ms"),
            9, 99, 60) { MeasuredFrom = 1, MeasuredTo = 4, BrokenAt = 3.5 },
        Metadata = [new("site", "here")],
    };
}
