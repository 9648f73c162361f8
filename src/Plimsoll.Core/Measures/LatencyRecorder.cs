using System;

namespace Plimsoll.Core.Measures;

/// <summary>
/// Collects one latency over many requests: every sample up to <see cref="ExactSamples"/>, so percentiles
/// are exact (nearest rank); beyond that a sketch, so memory stays bounded and percentiles carry
/// <see cref="QuantileSketch.RelativeError"/>. The mean is exact either way.
/// </summary>
public sealed class LatencyRecorder
{
    public const int ExactSamples = 1_000_000;

    readonly QuantileSketch _sketch = new();
    readonly bool _keepSamples;
    long[] _samples;
    Int128 _sumNs;
    bool _sorted;
    bool _exact = true;

    /// <param name="expectedSamples">Samples to reserve room for.</param>
    /// <param name="keepSamples">False where samples come in bulk, as gaps between tokens do.</param>
    public LatencyRecorder(long expectedSamples, bool keepSamples = true)
    {
        _keepSamples = keepSamples;
        _samples = new long[keepSamples ? Math.Clamp(expectedSamples, 16, ExactSamples) : 0];
    }

    public long Count => _sketch.Count;

    /// <summary>Whether percentiles are exact rather than within the sketch's error.</summary>
    public bool IsExact => _keepSamples && _exact && Count <= ExactSamples;

    public void Add(long ns)
    {
        if (_keepSamples && _exact && Count < ExactSamples)
        {
            var index = (int)Count;
            if (index == _samples.Length)
                Array.Resize(ref _samples, Math.Min(2 * index, ExactSamples));
            _samples[index] = ns;
            _sorted = false;
        }
        _sketch.Add(ns);
        _sumNs += ns;
    }

    /// <summary>Adds the same duration many times, where samples are not kept.</summary>
    public void Add(long ns, long times)
    {
        Invariant.Holds(!_keepSamples, "samples that are kept are added one by one");
        _sketch.Add(ns, times);
        _sumNs += (Int128)ns * times;
    }

    /// <summary>
    /// Adds another recorder's samples; beyond <see cref="ExactSamples"/> of both they are
    /// in the sketch alone.
    /// </summary>
    public void Add(LatencyRecorder other)
    {
        if (_keepSamples && other.IsExact && Count + other.Count <= ExactSamples)
        {
            var count = (int)Count;
            if (_samples.Length < count + other.Count)
            {
                Array.Resize(
                    ref _samples, (int)Math.Min(ExactSamples, Math.Max(2 * count, count + other.Count)));
            }
            other._samples.AsSpan(0, (int)other.Count).CopyTo(_samples.AsSpan(count));
            _sorted = false;
        }
        else
        {
            _exact = false;
        }
        _sketch.Add(other._sketch);
        _sumNs += other._sumNs;
    }

    /// <summary>Nanoseconds; null when there is no sample.</summary>
    public double? MeanNs => Count == 0 ? null : (double)_sumNs / Count;

    /// <summary>Nearest-rank percentile, nanoseconds; null with fewer samples than it needs.</summary>
    public long? PercentileNs(double percentile) =>
        Count < PercentileSamples.Needed(percentile) ? null : AnyPercentileNs(percentile);

    /// <summary>Milliseconds, for people.</summary>
    public LatencySummary Summarise() => new(
        MeanNs / 1e6, Milliseconds(50), Milliseconds(90), Milliseconds(95), Milliseconds(99));

    /// <summary>The rank, from 1, of a percentile among <paramref name="count"/> samples.</summary>
    internal static long Rank(long count, double percentile) =>
        Math.Clamp((long)Math.Ceiling(percentile / 100.0 * count), 1, Math.Max(1, count));

    double? Milliseconds(double percentile) => PercentileNs(percentile) / 1e6;

    long AnyPercentileNs(double percentile)
    {
        if (!IsExact)
            return _sketch.Percentile(percentile);
        if (!_sorted)
        {
            _samples.AsSpan(0, (int)Count).Sort();
            _sorted = true;
        }
        return _samples[Rank(Count, percentile) - 1];
    }
}
