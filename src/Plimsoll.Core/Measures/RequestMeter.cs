using System;
using System.Collections.Generic;

namespace Plimsoll.Core.Measures;

/// <summary>
/// Measures a run request by request: latencies, goodput, and whether the promise is already certain to
/// hold or to break. Requests before the warm-up's end and after the measured ones count for nothing.
/// </summary>
public sealed class RequestMeter
{
    readonly Limit[] _limits;
    readonly long[] _allowedBreaks;
    readonly long[] _breaks;
    readonly long _firstMeasured;
    readonly long _endMeasured;
    readonly long _overheadNs;

    public RequestMeter(
        IReadOnlyList<Limit> limits, long firstMeasured, long endMeasured, long overheadNs)
    {
        _limits = [.. limits];
        _breaks = new long[_limits.Length];
        _allowedBreaks = new long[_limits.Length];
        _firstMeasured = firstMeasured;
        _endMeasured = endMeasured;
        _overheadNs = overheadNs;
        var measured = endMeasured - firstMeasured;
        for (var i = 0; i < _limits.Length; i++)
            _allowedBreaks[i] = AllowedBreaks(_limits[i], measured);
        Latencies = new LatencyRecorders(measured);
    }

    public LatencyRecorders Latencies { get; }

    public long Completed { get; private set; }

    public long Failed { get; private set; }

    /// <summary>Measured requests that kept every limit of their own.</summary>
    public long Good { get; private set; }

    public long Measured { get; private set; }

    public long FirstArrivalNs { get; private set; } = long.MaxValue;

    public long LastTokenNs { get; private set; }

    public Int128 PromptTokens { get; private set; }

    public Int128 OutputTokens { get; private set; }

    /// <summary>Whether so many requests broke a limit that the rest cannot mend it.</summary>
    public bool CertainlyBroken { get; private set; }

    /// <summary>
    /// Whether all limits of single requests hold even if every request still out breaks them.
    /// </summary>
    public bool CertainlyKept
    {
        get
        {
            var left = _endMeasured - _firstMeasured - Measured;
            for (var i = 0; i < _limits.Length; i++)
            {
                if (_limits[i].Metric == Metric.Itl || _breaks[i] + left > _allowedBreaks[i])
                    return false;
            }
            return _limits.Length > 0;
        }
    }

    /// <summary>
    /// Gaps between tokens belong to no single request, so they count from the moment the first measured
    /// request arrives.
    /// </summary>
    public bool MeasureGaps { get; set; }

    public void AddGaps(long ns, long times)
    {
        if (MeasureGaps)
            Latencies.Itl.Add(ns, times);
    }

    /// <summary>Measured requests that broke a limit, failed ones among them.</summary>
    public long Breaks(int limit) => _breaks[limit];

    /// <summary>
    /// Whether every limit held over what was measured; null when a percentile has too few samples.
    /// </summary>
    public bool? Verdict()
    {
        bool? verdict = true;
        for (var i = 0; i < _limits.Length; i++)
        {
            if (_limits[i].Metric == Metric.Itl)
            {
                var gap = Latencies.Itl.PercentileNs(_limits[i].Percentile);
                if (gap > _limits[i].LimitNs)
                    return false;
                verdict = gap is null ? null : verdict;
            }
            else if (_breaks[i] > AllowedBreaks(_limits[i], Measured))
            {
                return false;
            }
            else if (Measured < PercentileSamples.Needed(_limits[i].Percentile))
            {
                verdict = null;
            }
        }
        return verdict;
    }

    public void Add(in CompletedRequest request)
    {
        FirstArrivalNs = Math.Min(FirstArrivalNs, request.ArrivalNs);
        if (request.Served)
        {
            Completed++;
            PromptTokens += request.PromptTokens;
            OutputTokens += request.OutputTokens;
            LastTokenNs = Math.Max(LastTokenNs, request.LastTokenNs);
        }
        else
        {
            Failed++;
        }
        if (request.Index >= _firstMeasured && request.Index < _endMeasured)
            Measure(request);
    }

    static long AllowedBreaks(Limit limit, long measured) =>
        measured - (long)Math.Ceiling(limit.Percentile / 100.0 * measured);

    void Measure(in CompletedRequest request)
    {
        Measured++;
        var ttft = request.FirstTokenNs - request.ArrivalNs + _overheadNs;
        var e2e = request.LastTokenNs - request.ArrivalNs + _overheadNs;
        var tpot = request.OutputTokens > 1
            ? (request.LastTokenNs - request.FirstTokenNs) / (request.OutputTokens - 1)
            : -1;
        if (request.Served)
        {
            Latencies.Ttft.Add(ttft);
            Latencies.E2e.Add(e2e);
            if (tpot >= 0)
                Latencies.Tpot.Add(tpot);
        }
        var good = request.Served;
        for (var i = 0; i < _limits.Length; i++)
        {
            var value = _limits[i].Metric switch
            {
                Metric.Ttft => ttft,
                Metric.Tpot => tpot,
                Metric.E2e => e2e,
                _ => -1,
            };
            if (request.Served && value <= _limits[i].LimitNs)
                continue;
            good = false;
            CertainlyBroken |= ++_breaks[i] > _allowedBreaks[i];
        }
        Good += good ? 1 : 0;
    }
}
