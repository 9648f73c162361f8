using System;
using System.Collections.Generic;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Wire;

namespace Plimsoll.Bench.Runs;

/// <summary>
/// How full the endpoint was, and its tokens over time in at most a few hundred equal slices: whenever the
/// run outgrows them, neighbours are joined.
/// </summary>
sealed class LoadTimes
{
    const int MostSlices = 256;

    readonly List<SliceReport> _slices = [];
    long _sliceNs = 1_000_000_000;
    int _inFlight;
    long _lastNs;
    Int128 _requestNs;

    public int Most { get; private set; }

    public long BusyNs { get; private set; }

    public long FirstDueNs { get; private set; } = long.MaxValue;

    public long LastEndNs { get; private set; }

    public double MeanInFlight => LastEndNs > FirstDueNs ? (double)_requestNs / (LastEndNs - FirstDueNs) : 0;

    public IReadOnlyList<SliceReport> Slices => _slices;

    /// <summary>Says how many requests are under way from now on.</summary>
    public void InFlight(long nowNs, int requests)
    {
        if (_inFlight > 0)
            BusyNs += nowNs - _lastNs;
        _requestNs += (Int128)_inFlight * (nowNs - _lastNs);
        (_lastNs, _inFlight) = (nowNs, requests);
        Most = Math.Max(Most, requests);
    }

    /// <summary>Adds a measured request.</summary>
    public void Add(RequestRecord record, bool good)
    {
        FirstDueNs = Math.Min(FirstDueNs, record.ScheduledNs);
        LastEndNs = Math.Max(LastEndNs, record.EndNs);
        if (!record.Served)
            return;
        while (record.EndNs / _sliceNs >= MostSlices)
            Join();
        var slice = (int)(record.EndNs / _sliceNs);
        while (_slices.Count <= slice)
            _slices.Add(default);
        var before = _slices[slice];
        _slices[slice] = new SliceReport(
            before.PromptTokens + record.PromptTokens, before.OutputTokens + record.OutputTokens,
            before.GoodTokens + (good ? record.PromptTokens + record.OutputTokens : 0));
    }

    void Join()
    {
        for (var i = 0; i < _slices.Count; i += 2)
        {
            var next = i + 1 < _slices.Count ? _slices[i + 1] : default;
            _slices[i / 2] = new SliceReport(
                _slices[i].PromptTokens + next.PromptTokens, _slices[i].OutputTokens + next.OutputTokens,
                _slices[i].GoodTokens + next.GoodTokens);
        }
        _slices.RemoveRange((_slices.Count + 1) / 2, _slices.Count / 2);
        _sliceNs *= 2;
    }
}
