using System;
using Plimsoll.Core.Measures;

namespace Plimsoll.Bench.Runs;

/// <summary>
/// Lags of reads over time. A byte is due every <see cref="PeriodMs"/>; while one is late the next cannot be
/// written, and a process that does not run writes none at all. Each that was due meanwhile would have waited
/// for the rest of the stall and counts so: a stall of a second is fifty samples and not one (the coordinated
/// omission that HdrHistogram's expected interval corrects). It has no clock: time is an argument.
/// </summary>
sealed class LagSamples
{
    public const int PeriodMs = 20;

    const long PeriodNs = PeriodMs * 1_000_000L;

    /// <summary>When the byte under way was written; null with none.</summary>
    long? _writtenNs;

    /// <summary>Up to here every byte that was due is accounted for; null before the first.</summary>
    long? _countedNs;

    /// <summary>Of nanoseconds.</summary>
    public QuantileSketch Sketch { get; } = new();

    /// <summary>Null where nothing was read.</summary>
    public long? MaxNs { get; private set; }

    /// <summary>Says that the timer came round; true where a byte is to be written.</summary>
    public bool TryWrite(long nowNs)
    {
        if (_writtenNs is not null)
            return false;
        // A timer is never on time to the millisecond: under a period late is no stall.
        if (_countedNs is { } counted)
            Missed(counted, nowNs, PeriodNs);
        (_writtenNs, _countedNs) = (nowNs, nowNs);
        return true;
    }

    /// <summary>Says that the byte was read.</summary>
    public void Read(long nowNs)
    {
        if (_writtenNs is not { } written)
            return;
        Add(nowNs - written);
        _countedNs = Missed(written, nowNs, 0);
        _writtenNs = null;
    }

    /// <summary>Counts the bytes that fell due after a moment and by now; returns the last of them.</summary>
    long Missed(long afterNs, long nowNs, long spareNs)
    {
        var due = afterNs;
        while (due + PeriodNs <= nowNs - spareNs)
        {
            due += PeriodNs;
            Add(nowNs - due);
        }
        return due;
    }

    void Add(long lagNs)
    {
        lagNs = Math.Max(0, lagNs);
        Sketch.Add(lagNs);
        MaxNs = Math.Max(MaxNs ?? 0, lagNs);
    }
}
