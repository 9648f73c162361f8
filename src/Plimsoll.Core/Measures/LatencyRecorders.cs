using System;

namespace Plimsoll.Core.Measures;

/// <summary>The four latencies of a run, by the definitions that bench and server use too.</summary>
public sealed class LatencyRecorders
{
    public LatencyRecorders(long requests)
    {
        Ttft = new LatencyRecorder(requests);
        Tpot = new LatencyRecorder(requests);
        Itl = new LatencyRecorder(0, keepSamples: false);
        E2e = new LatencyRecorder(requests);
    }

    public LatencyRecorder Ttft { get; }

    /// <summary>Answers of two tokens and more.</summary>
    public LatencyRecorder Tpot { get; }

    /// <summary>Every gap between two tokens; within the sketch's error.</summary>
    public LatencyRecorder Itl { get; }

    public LatencyRecorder E2e { get; }

    /// <summary>Adds what another run measured.</summary>
    public void Add(LatencyRecorders other)
    {
        Ttft.Add(other.Ttft);
        Tpot.Add(other.Tpot);
        Itl.Add(other.Itl);
        E2e.Add(other.E2e);
    }

    public LatencyRecorder this[Metric metric] => metric switch
    {
        Metric.Ttft => Ttft,
        Metric.Tpot => Tpot,
        Metric.Itl => Itl,
        Metric.E2e => E2e,
        _ => throw new ArgumentOutOfRangeException(nameof(metric), metric, null),
    };
}
