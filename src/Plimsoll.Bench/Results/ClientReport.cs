using System.Collections.Generic;

namespace Plimsoll.Bench.Results;

/// <summary>How well the client itself did. Times are milliseconds; null with too few samples.</summary>
public sealed record ClientReport
{
    /// <summary>From when a request was due to when the client began to send it: its own lateness.</summary>
    public required double? DispatchLateP50Ms { get; init; }

    public required double? DispatchLateP99Ms { get; init; }

    /// <summary>By which percentile its lateness is judged: p99, or the highest that is known.</summary>
    public KnownPercentile? DispatchLate { get; init; }

    /// <summary>Whether the system granted the sending thread real-time priority.</summary>
    public bool RealTime { get; init; }

    /// <summary>
    /// From when a request was due to when its last byte was written to the socket; making a new connection,
    /// which the endpoint has its share in, is in it.
    /// </summary>
    public required double? WrittenLateP50Ms { get; init; }

    public required double? WrittenLateP99Ms { get; init; }

    /// <summary>
    /// Measured requests that the limit on requests in flight held back; no lateness counts them.
    /// </summary>
    public long HeldBack { get; init; }

    /// <summary>From a byte's arrival to its stamp, over the time of the run.</summary>
    public required double? ReadLagP99Ms { get; init; }

    /// <summary>By which percentile the lag is judged: p99, or the highest that is known.</summary>
    public KnownPercentile? ReadLag { get; init; }

    /// <summary>The worst lag of the run; null where none was seen.</summary>
    public double? ReadLagMaxMs { get; init; }

    /// <summary>Of all the machine's cores; null for a run that another tool measured.</summary>
    public required double? CpuShare { get; init; }

    /// <summary>In garbage collections, over the whole run.</summary>
    public required double PausedMs { get; init; }

    /// <summary>How often the wall clock was stepped; latencies do not notice.</summary>
    public required int ClockSteps { get; init; }

    public required double ClockSteppedMs { get; init; }

    /// <summary>Share of a limit by which the client was allowed to be late.</summary>
    public required double MostShare { get; init; }

    /// <summary>Empty when the run is valid.</summary>
    public required IReadOnlyList<string> InvalidBecause { get; init; }

    public bool IsValid => InvalidBecause.Count == 0;
}

/// <summary>A percentile that the samples bear.</summary>
/// <param name="Percentile">Which it is.</param>
/// <param name="Ms">Milliseconds.</param>
public readonly record struct KnownPercentile(double Percentile, double Ms);
