using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Wire;
using Plimsoll.Core.Measures;

namespace Plimsoll.Bench.Runs;

/// <summary>
/// Watches the client itself. A client that sends late or reads late measures itself and not the endpoint,
/// and then says so: the run is invalid.
/// </summary>
public sealed class ClientCheck : IDisposable
{
    /// <summary>A wall clock that moves further than this against the monotonic one was stepped.</summary>
    const long StepNs = 100_000_000;

    readonly LagProbe _probe = new();
    readonly QuantileSketch _lateness = new();
    readonly QuantileSketch _written = new();
    readonly TimeSpan _cpuBefore = Process.GetCurrentProcess().TotalProcessorTime;
    readonly TimeSpan _pausesBefore = GC.GetTotalPauseDuration();
    readonly RunClock _clock;
    readonly long _startNs;
    long _lastDriftNs;
    long _heldBack;
    long _withGaps;
    double _perGap;
    int _steps;
    long _steppedNs;

    public ClientCheck(RunClock clock)
    {
        _clock = clock;
        _startNs = clock.NowNs;
        _lastDriftNs = clock.WallDriftNs;
    }

    /// <summary>Notes how late a request went out, unless a limit on requests in flight held it.</summary>
    public void Add(RequestRecord record)
    {
        if (record.OutputTokens > 1 && record.Chunks > 1)
        {
            _withGaps++;
            _perGap += 1.0 / (record.OutputTokens - 1);
        }
        if (record.HeldBack)
        {
            _heldBack++;
            return;
        }
        _lateness.Add(Math.Max(0, record.DispatchedNs - record.ScheduledNs));
        if (record.SentNs > 0)
            _written.Add(Math.Max(0, record.SentNs - record.ScheduledNs));
    }

    /// <summary>Looks whether the wall clock was stepped since the last look.</summary>
    public void LookAtWallClock()
    {
        var drift = _clock.WallDriftNs;
        if (Math.Abs(drift - _lastDriftNs) > StepNs)
        {
            _steps++;
            _steppedNs += drift - _lastDriftNs;
        }
        _lastDriftNs = drift;
    }

    /// <summary>The verdict on the client.</summary>
    /// <param name="limits">All limits of all levels.</param>
    /// <param name="medianTtftNs">What stands in where nothing is promised; null when
    /// nothing was served.</param>
    /// <param name="mostShare">Share of a limit by which the client may be late.</param>
    public ClientReport Report(IReadOnlyList<Limit> limits, double? medianTtftNs, double mostShare)
    {
        LookAtWallClock();
        var wall = Math.Max(1, _clock.NowNs - _startNs);
        var late = JudgedPercentile.Of(_lateness);
        var (lagP99, lag) = (_probe.P99Ns(), _probe.Judged());
        var reasons = new List<string>();
        foreach (var limit in limits)
        {
            var most = mostShare * limit.LimitNs;
            var against = $"{limit.Metric.Name()} limit";
            if (limit.Metric is Metric.Ttft or Metric.E2e)
                Compare(reasons, "requests were dispatched", late, most, against, mostShare);
            if (limit.Metric is Metric.Tpot)
                Compare(reasons, "by late reads a gap was", PerGap(lag), most, against, mostShare);
            else
                Compare(reasons, "answers were read", lag, most, against, mostShare);
        }
        if (limits.Count == 0 && medianTtftNs is { } median)
        {
            Compare(reasons, "requests were dispatched", late, mostShare * median, "median ttft", mostShare);
            Compare(reasons, "answers were read", lag, mostShare * median, "median ttft", mostShare);
        }
        return new ClientReport
        {
            DispatchLateP50Ms = Percentile(_lateness, 50) / 1e6,
            DispatchLateP99Ms = Percentile(_lateness, 99) / 1e6,
            DispatchLate = late,
            WrittenLateP50Ms = Percentile(_written, 50) / 1e6,
            WrittenLateP99Ms = Percentile(_written, 99) / 1e6,
            ReadLagP99Ms = lagP99 / 1e6,
            ReadLag = lag,
            ReadLagMaxMs = _probe.MaxNs() / 1e6,
            HeldBack = _heldBack,
            CpuShare = (Process.GetCurrentProcess().TotalProcessorTime - _cpuBefore).TotalNanoseconds
                / wall / Environment.ProcessorCount,
            PausedMs = (GC.GetTotalPauseDuration() - _pausesBefore).TotalMilliseconds,
            ClockSteps = _steps,
            ClockSteppedMs = _steppedNs / 1e6,
            MostShare = mostShare,
            InvalidBecause = reasons,
        };
    }

    public void Dispose() => _probe.Dispose();

    /// <summary>TPOT is an answer's time over its gaps: of one late read it shows a gap's share.</summary>
    KnownPercentile? PerGap(KnownPercentile? lag) => lag is { } read && _withGaps > 0
        ? read with { Ms = read.Ms * _perGap / _withGaps }
        : lag;

    static double? Percentile(QuantileSketch sketch, double percentile) =>
        sketch.Count < PercentileSamples.Needed(percentile) ? null : sketch.Percentile(percentile);

    static void Compare(List<string> reasons, string what, KnownPercentile? measured, double mostNs,
        string against, double share)
    {
        if (measured is not { } late || 1e6 * late.Ms <= mostNs)
            return;
        reasons.Add(string.Create(CultureInfo.InvariantCulture,
            $"{what} {late.Ms:0.##} ms late at p{late.Percentile:0}, more than ")
            + string.Create(CultureInfo.InvariantCulture,
                $"{100 * share:0.####} % of the {against} ({mostNs / 1e6:0.####} ms)"));
    }
}
