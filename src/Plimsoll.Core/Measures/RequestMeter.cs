using System;
using System.Collections.Generic;
using Plimsoll.Core.Timing;

namespace Plimsoll.Core.Measures;

/// <summary>
/// Measures a run request by request: latencies, goodput, and whether the promise is already certain to hold
/// or to break. Each request is judged against the limits of its own level. Requests before the warm-up's end
/// and after the measured ones count for nothing.
/// </summary>
public sealed class RequestMeter
{
    readonly PromiseMeter[] _levels;
    readonly long _firstMeasured;
    readonly long _endMeasured;
    readonly RequestOverhead _overhead;
    readonly bool _hasLimits;

    /// <summary>Of requests of one level.</summary>
    public RequestMeter(
        IReadOnlyList<Limit> limits, long firstMeasured, long endMeasured, RequestOverhead overhead = default)
        : this([limits], firstMeasured, endMeasured, overhead)
    {
    }

    /// <param name="levels">Limits of each level; at least one level.</param>
    /// <param name="firstMeasured">Number, from 0, of the first request that counts.</param>
    /// <param name="endMeasured">Number of the first after those.</param>
    /// <param name="overhead">Added to every request's TTFT and E2E.</param>
    public RequestMeter(
        IReadOnlyList<IReadOnlyList<Limit>> levels, long firstMeasured, long endMeasured,
        RequestOverhead overhead = default)
    {
        _firstMeasured = firstMeasured;
        _endMeasured = endMeasured;
        _overhead = overhead;
        Latencies = new LatencyRecorders(endMeasured - firstMeasured);
        _levels = new PromiseMeter[levels.Count];
        for (var i = 0; i < _levels.Length; i++)
        {
            _levels[i] = new PromiseMeter(levels[i], levels.Count == 1 ? Latencies : new LatencyRecorders(0));
            _hasLimits |= _levels[i].HasLimits;
        }
    }

    /// <summary>Of all measured requests.</summary>
    public LatencyRecorders Latencies { get; }

    public IReadOnlyList<PromiseMeter> Levels => _levels;

    public long Completed { get; private set; }

    public long Failed { get; private set; }

    /// <summary>Failed requests that were turned away because their promise could not be kept.</summary>
    public long Rejected { get; private set; }

    public long Measured { get; private set; }

    /// <summary>
    /// Measured requests that kept every limit of their own level ÷ those that were promised any; null
    /// without such.
    /// </summary>
    public double? Goodput
    {
        get
        {
            long good = 0, promised = 0;
            foreach (var level in _levels)
            {
                good += level.HasLimits ? level.Good : 0;
                promised += level.HasLimits ? level.Measured : 0;
            }
            return promised > 0 ? (double)good / promised : null;
        }
    }

    public long FirstArrivalNs { get; private set; } = long.MaxValue;

    public long LastTokenNs { get; private set; }

    public Int128 PromptTokens { get; private set; }

    /// <summary>Prompt tokens that the prefix cache gave when their requests were first admitted.</summary>
    public Int128 CachedTokens { get; private set; }

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
            foreach (var level in _levels)
            {
                if (!level.CertainlyKept(left))
                    return false;
            }
            return _hasLimits;
        }
    }

    /// <summary>
    /// The distribution of gaps between tokens counts from the moment the first measured request arrives,
    /// whoever's they are.
    /// </summary>
    public bool MeasureGaps { get; set; }

    public void AddGaps(long ns, long times, int level = 0)
    {
        if (!MeasureGaps)
            return;
        Latencies.Itl.Add(ns, times);
        if (_levels.Length > 1)
            _levels[level].Latencies.Itl.Add(ns, times);
    }

    /// <summary>
    /// Whether every limit of every level held over a complete run; null when a percentile
    /// has too few samples.
    /// </summary>
    public bool? Verdict()
    {
        bool? verdict = true;
        foreach (var level in _levels)
        {
            var own = level.Verdict();
            if (own == false)
                return false;
            verdict = own is null ? null : verdict;
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
            CachedTokens += request.CachedTokens;
            OutputTokens += request.OutputTokens;
            LastTokenNs = Math.Max(LastTokenNs, request.LastTokenNs);
        }
        else
        {
            Failed++;
            Rejected += request.Rejected ? 1 : 0;
        }
        if (request.Index >= _firstMeasured && request.Index < _endMeasured)
            Measure(request);
    }

    void Measure(in CompletedRequest request)
    {
        Measured++;
        var overheadNs = _overhead.Ns(request.PromptTokens);
        var latencies = new RequestLatencies(
            request.FirstTokenNs - request.ArrivalNs + overheadNs,
            request.OutputTokens > 1
                ? (request.LastTokenNs - request.FirstTokenNs) / (request.OutputTokens - 1)
                : -1,
            request.LastTokenNs - request.ArrivalNs + overheadNs);
        var level = _levels[request.Level];
        if (request.Served)
        {
            Record(Latencies, latencies);
            if (level.Latencies != Latencies)
                Record(level.Latencies, latencies);
        }
        CertainlyBroken |= level.Judge(request, latencies, _endMeasured - _firstMeasured - Measured);
    }

    static void Record(LatencyRecorders recorders, in RequestLatencies latencies)
    {
        recorders.Ttft.Add(latencies.TtftNs);
        recorders.E2e.Add(latencies.E2eNs);
        if (latencies.TpotNs >= 0)
            recorders.Tpot.Add(latencies.TpotNs);
    }
}
