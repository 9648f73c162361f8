using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Verdicts;
using Plimsoll.Bench.Wire;
using Plimsoll.Core.Measures;

namespace Plimsoll.Bench.Runs;

/// <summary>
/// Measures one level. Latencies run from when a request was due; beside them, from when it was sent, which
/// is what other clients print. Memory is bounded whatever the length of the run.
/// </summary>
public sealed class LevelMeter
{
    readonly RequestMeter _meter;
    readonly Dictionary<FailureKind, (long Count, string Example)> _failures = [];
    readonly Dictionary<UsageFault, (long Count, string Example)> _usageFaults = [];
    readonly Spread[] _spreads = new Spread[Enum.GetValues<Metric>().Length];
    readonly LatencyRecorder _sentTtftNs = new(0);
    readonly LatencyRecorder _sentE2eNs = new(0);
    Spread _sentTtft;
    Spread _sentE2e;
    long _promptTokens;
    long _outputTokens;
    long _cachedTokens;
    long _askedPromptTokens;
    long _chunks;
    long _counted;
    long _short;
    long _cancelled;
    long _saysCached;
    double _sharedTokens;
    long _next;

    public LevelMeter(LevelOptions level)
    {
        Level = level;
        _meter = new RequestMeter(level.Promise, 0, long.MaxValue) { MeasureGaps = true };
    }

    public LevelOptions Level { get; }

    public LatencyRecorder Ttft => _meter.Latencies.Ttft;

    public long Measured => _meter.Measured;

    public long Failed => _meter.Failed;

    public long Good => _meter.Levels[0].Good;

    /// <summary>Requests that broke a limit, failed ones among them.</summary>
    public long Breaks(int limit) => _meter.Levels[0].Breaks(limit);

    public void Add(RequestRecord record)
    {
        if (record.Failure == FailureKind.Cancelled)
        {
            _cancelled++;
            return;
        }
        _meter.Add(new CompletedRequest
        {
            Index = _next++,
            Replica = 0,
            PromptTokens = record.PromptTokens,
            // Several tokens in one piece say nothing of the time between them.
            OutputTokens = record.Chunks == 1 ? 1 : record.OutputTokens,
            ArrivalNs = record.ScheduledNs,
            FirstTokenNs = record.FirstTokenNs,
            LastTokenNs = record.LastTokenNs,
            Served = record.Served,
        });
        if (record.Served)
            AddServed(record);
        else
            AddFailed(record);
    }

    /// <summary>What was measured until now.</summary>
    /// <param name="percentiles">Percentiles to print, each above 0 and below 100.</param>
    public LevelReport Report(IReadOnlyCollection<double> percentiles) => new()
    {
        Name = Level.Name,
        Promise = [.. Level.Promise.Select(Limit)],
        Verdict = PromiseJudge.Of([.. Level.Promise.Select((limit, index) => Limit(limit, index).Verdict)]),
        Completed = _meter.Completed,
        Failed = _meter.Failed,
        Cancelled = _cancelled,
        Goodput = Level.Promise.Count == 0 ? null : _meter.Goodput,
        PromptTokens = _promptTokens,
        OutputTokens = _outputTokens,
        CachedTokens = _cachedTokens,
        CachedShare = _saysCached == _meter.Completed && _promptTokens > 0
            ? (double)_cachedTokens / _promptTokens : null,
        SharedShare = _sharedTokens >= 0 && _promptTokens > 0 ? _sharedTokens / _promptTokens : null,
        UsageFaults = [.. _usageFaults.OrderByDescending(f => f.Value.Count)
            .Select(f => new FailureReport(f.Key.Name(), f.Value.Count, f.Value.Example))],
        AskedPromptTokens = _askedPromptTokens,
        Short = _short,
        CountedShare = _meter.Completed == 0 ? 0 : (double)_counted / _meter.Completed,
        Chunks = _chunks,
        Latencies = Enum.GetValues<Metric>().ToDictionary(
            metric => metric, metric =>
                Latency(_meter.Latencies[metric], _spreads[(int)metric], percentiles)),
        FromSend = new Dictionary<Metric, LatencyReport>
        {
            [Metric.Ttft] = Latency(_sentTtftNs, _sentTtft, percentiles),
            [Metric.E2e] = Latency(_sentE2eNs, _sentE2e, percentiles),
        },
        Spread = Enum.GetValues<Metric>().Where(metric => _meter.Latencies[metric].Count > 0)
            .ToDictionary(metric => metric, metric => Shares(_meter.Latencies[metric])),
        Failures = [.. _failures.OrderByDescending(f => f.Value.Count)
            .Select(f => new FailureReport(f.Key.Name(), f.Value.Count, f.Value.Example))],
    };

    LimitReport Limit(Limit limit, int index)
    {
        var latencies = _meter.Latencies[limit.Metric];
        var measuredNs = latencies.PercentileNs(limit.Percentile);
        if (limit.Metric == Metric.Itl)
        {
            // Gaps are not kept one by one: beyond the limit or not is all that is known of them.
            var verdict = measuredNs is not { } ns ? PromiseVerdict.TooFew
                : ns > limit.LimitNs ? PromiseVerdict.Broken : PromiseVerdict.Kept;
            return new LimitReport(limit, measuredNs / 1e6, null, Judged(verdict), latencies.Count);
        }
        var (samples, broken) = (_meter.Measured, _meter.Levels[0].Breaks(index));
        return new LimitReport(limit, measuredNs / 1e6, broken,
            Judged(PromiseJudge.Of(limit, samples, broken)), samples);
    }

    PromiseVerdict Judged(PromiseVerdict verdict) => Level.Judged ? verdict : PromiseVerdict.None;

    /// <summary>As many points as the samples bear.</summary>
    static IReadOnlyList<(double Ms, double Share)> Shares(LatencyRecorder recorder)
    {
        var points = new List<(double, double)>();
        for (var share = 0.5; share < 100; share += share < 95 ? 1.5 : 0.25)
        {
            if (recorder.PercentileNs(share) is { } ns)
                points.Add((ns / 1e6, share / 100));
        }
        return points;
    }

    static LatencyReport Latency(LatencyRecorder recorder, Spread spread,
        IReadOnlyCollection<double> percentiles) => new()
    {
        Samples = recorder.Count,
        MeanMs = recorder.MeanNs / 1e6,
        StdMs = spread.Std / 1e6,
        PercentilesMs = percentiles.ToDictionary(p => p, p => (double?)(recorder.PercentileNs(p) / 1e6)),
    };

    void AddServed(RequestRecord record)
    {
        AddLatencies(record);
        _promptTokens += record.PromptTokens;
        _outputTokens += record.OutputTokens;
        _cachedTokens += record.CachedTokens;
        _askedPromptTokens += record.AskedPromptTokens;
        _chunks += record.Chunks;
        _saysCached += record.SaysCached ? 1 : 0;
        _sharedTokens = _sharedTokens < 0 || record.SharedShare < 0 ? -1
            : _sharedTokens + record.SharedShare * record.PromptTokens;
        _counted += record.HasUsage ? 1 : 0;
        if (record.Usage != UsageFault.None)
        {
            var (count, example) = _usageFaults.GetValueOrDefault(record.Usage);
            _usageFaults[record.Usage] = (count + 1, example ?? record.UsageSaid ?? "");
        }
        _short += record.OutputTokens < record.AskedOutputTokens ? 1 : 0;
        AddGaps(record);
    }

    void AddLatencies(RequestRecord record)
    {
        // An endpoint may answer before it has read the whole request: from the dispatch then.
        var sentNs = record.SentNs > 0 && record.SentNs <= record.FirstTokenNs ? record.SentNs
            : record.DispatchedNs;
        _sentTtftNs.Add(record.FirstTokenNs - sentNs);
        _sentTtft.Add(record.FirstTokenNs - sentNs);
        _sentE2eNs.Add(record.LastTokenNs - sentNs);
        _sentE2e.Add(record.LastTokenNs - sentNs);
        _spreads[(int)Metric.Ttft].Add(record.FirstTokenNs - record.ScheduledNs);
        _spreads[(int)Metric.E2e].Add(record.LastTokenNs - record.ScheduledNs);
        if (record.OutputTokens < 2 || record.Chunks == 1)
            return;
        var decodingNs = (double)(record.LastTokenNs - record.FirstTokenNs);
        _spreads[(int)Metric.Tpot].Add(decodingNs / (record.OutputTokens - 1));
    }

    /// <summary>
    /// Tokens that came together have no gap between them; the gap before them is the first one's.
    /// </summary>
    void AddGaps(RequestRecord record)
    {
        var arrivals = record.Arrivals;
        if (arrivals.Length == 1)
            return;
        for (var i = 0; i < arrivals.Length; i++)
        {
            var before = i == 0 ? 0 : arrivals[i - 1].TokensSoFar;
            var together = arrivals[i].TokensSoFar < 0 ? 1 : arrivals[i].TokensSoFar - before;
            if (i > 0)
                AddGaps(arrivals[i].AtNs - arrivals[i - 1].AtNs, 1);
            AddGaps(0, together - 1);
        }
    }

    void AddGaps(long ns, int times)
    {
        if (times <= 0)
            return;
        _meter.AddGaps(ns, times);
        _spreads[(int)Metric.Itl].Add(ns, times);
    }

    void AddFailed(RequestRecord record)
    {
        var (count, example) = _failures.GetValueOrDefault(record.Failure);
        _failures[record.Failure] = (count + 1, example ?? record.Message ?? "");
    }
}
