using System;
using System.Collections.Generic;

namespace Plimsoll.Core.Measures;

/// <summary>
/// The requests of one level against its limits. A limit on gaps is kept by a request when its percentile of
/// the request's own gaps is within it, and by the level when that percentile of all their gaps is.
/// </summary>
public sealed class PromiseMeter
{
    readonly Limit[] _limits;
    readonly long[] _breaks;
    long _gaps;

    /// <summary>
    /// Whoever measures does not count gaps by request, so the run's distribution judges them.
    /// </summary>
    bool _gapsByRun;

    public PromiseMeter(IReadOnlyList<Limit> limits, LatencyRecorders latencies)
    {
        _limits = [.. limits];
        _breaks = new long[_limits.Length];
        Latencies = latencies;
    }

    /// <summary>Of this level's requests.</summary>
    public LatencyRecorders Latencies { get; }

    public long Measured { get; private set; }

    /// <summary>Measured requests that kept every limit.</summary>
    public long Good { get; private set; }

    /// <summary>Measured requests that were turned away, or taken in as batch work.</summary>
    public long Rejected { get; private set; }

    public long Relegated { get; private set; }

    /// <summary>Tokens of measured requests that were served.</summary>
    public long PromptTokens { get; private set; }

    public long OutputTokens { get; private set; }

    /// <summary>
    /// Measured requests that broke a limit, failed ones among them; of gaps, those too long.
    /// </summary>
    public long Breaks(int limit) => _breaks[limit];

    /// <summary>Good ÷ measured; null when nothing was promised or measured.</summary>
    public double? Goodput => HasLimits && Measured > 0 ? (double)Good / Measured : null;

    /// <summary>
    /// Judges a measured request. True when so many broke a limit that the rest cannot mend it.
    /// </summary>
    /// <param name="request">What became of it.</param>
    /// <param name="latencies">Its latencies.</param>
    /// <param name="left">Requests of any level that are still to be measured.</param>
    internal bool Judge(in CompletedRequest request, in RequestLatencies latencies, long left)
    {
        Measured++;
        var broken = false;
        var good = request.Served && !request.Relegated;
        var gapLimit = 0;
        var gaps = good ? Math.Max(0, request.OutputTokens - 1) : 0;
        Rejected += request.Rejected ? 1 : 0;
        Relegated += request.Relegated ? 1 : 0;
        PromptTokens += request.Served ? request.PromptTokens : 0;
        OutputTokens += request.Served ? request.OutputTokens : 0;
        _gaps += gaps;
        for (var i = 0; i < _limits.Length; i++)
        {
            if (_limits[i].Metric == Metric.Itl)
            {
                if (request.Served && request.LateGaps is null)
                    _gapsByRun = true;
                var late = request.Served ? request.LateGaps?[gapLimit] ?? 0 : 0;
                gapLimit++;
                _breaks[i] += late;
                good &= late <= Allowed(_limits[i].Percentile, gaps);
            }
            else if (!request.Served || latencies[_limits[i].Metric] > _limits[i].LimitNs)
            {
                good = false;
                broken |= ++_breaks[i] > Allowed(_limits[i].Percentile, Measured + left);
            }
        }
        Good += good ? 1 : 0;
        return broken;
    }

    /// <summary>
    /// Whether all limits of single requests hold even if every request still out is of this level and late.
    /// </summary>
    internal bool CertainlyKept(long left)
    {
        for (var i = 0; i < _limits.Length; i++)
        {
            if (_limits[i].Metric == Metric.Itl
                || _breaks[i] + left > Allowed(_limits[i].Percentile, Measured + left))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>
    /// Whether every limit held over a complete run; null when a percentile has too few samples.
    /// </summary>
    public bool? Verdict()
    {
        bool? verdict = true;
        for (var i = 0; i < _limits.Length; i++)
        {
            if (_limits[i].Metric == Metric.Itl && _gapsByRun)
            {
                var gapNs = Latencies.Itl.PercentileNs(_limits[i].Percentile);
                if (gapNs > _limits[i].LimitNs)
                    return false;
                verdict = gapNs is null ? null : verdict;
                continue;
            }
            var samples = _limits[i].Metric == Metric.Itl ? _gaps : Measured;
            if (_breaks[i] > Allowed(_limits[i].Percentile, samples))
                return false;
            if (samples < PercentileSamples.Needed(_limits[i].Percentile))
                verdict = null;
        }
        return verdict;
    }

    /// <summary>The requests of several runs under the same limits, as one run's.</summary>
    public static PromiseMeter Pooled(IReadOnlyList<PromiseMeter> runs)
    {
        var pooled = new PromiseMeter(runs[0]._limits, new LatencyRecorders(0));
        foreach (var run in runs)
        {
            pooled.Measured += run.Measured;
            pooled.Good += run.Good;
            pooled.Rejected += run.Rejected;
            pooled.Relegated += run.Relegated;
            pooled.PromptTokens += run.PromptTokens;
            pooled.OutputTokens += run.OutputTokens;
            pooled._gaps += run._gaps;
            pooled._gapsByRun |= run._gapsByRun;
            for (var i = 0; i < pooled._breaks.Length; i++)
                pooled._breaks[i] += run._breaks[i];
            pooled.Latencies.Add(run.Latencies);
        }
        return pooled;
    }

    internal bool HasLimits => _limits.Length > 0;

    /// <summary>
    /// Of so many samples, those that may exceed a limit whose nearest-rank percentile keeps it.
    /// </summary>
    static long Allowed(double percentile, long samples) =>
        samples - (long)Math.Ceiling(percentile / 100.0 * samples);
}

/// <summary>The latencies of one request, nanoseconds; TPOT is negative for an answer of one token.</summary>
readonly record struct RequestLatencies(long TtftNs, long TpotNs, long E2eNs)
{
    public long this[Metric metric] => metric switch
    {
        Metric.Ttft => TtftNs,
        Metric.Tpot => TpotNs,
        Metric.E2e => E2eNs,
        _ => throw new ArgumentOutOfRangeException(nameof(metric), metric, null),
    };
}
