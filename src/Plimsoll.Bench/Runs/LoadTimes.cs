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
    readonly long _measuredFromNs;

    /// <summary>When the first measured request was due; null until one was.</summary>
    long? _fromNs;

    long _occupiedUntilNs;
    long _sliceNs = 1_000_000_000;
    int _inFlight;
    long _lastNs;
    Int128 _requestNs;

    /// <param name="measuredFromNs">
    /// Requests due earlier are not measured: occupancy counts from the first that is (see
    /// <see cref="Due"/>). Null where all are.
    /// </param>
    public LoadTimes(long? measuredFromNs = null)
    {
        _measuredFromNs = measuredFromNs ?? long.MinValue;
        _fromNs = measuredFromNs is null ? 0 : null;
    }

    public int Most { get; private set; }

    public long BusyNs { get; private set; }

    public long FirstDueNs { get; private set; } = long.MaxValue;

    public long LastEndNs { get; private set; }

    /// <summary>Over the same time that <see cref="Most"/> and <see cref="BusyNs"/> are of.</summary>
    public double MeanInFlight => Math.Max(LastEndNs, _occupiedUntilNs) - FirstDueNs is > 0 and var ns
        ? (double)_requestNs / ns : 0;

    public IReadOnlyList<SliceReport> Slices => _slices;

    /// <summary>Says that a request is sent that was due then.</summary>
    public void Due(long atNs)
    {
        if (_fromNs is null && atNs >= _measuredFromNs)
            _fromNs = atNs;
    }

    /// <summary>Says how many requests are under way from now on.</summary>
    public void InFlight(long nowNs, int requests)
    {
        if (_fromNs is { } fromNs && nowNs >= fromNs)
        {
            var ns = nowNs - Math.Max(_lastNs, fromNs);
            _requestNs += (Int128)_inFlight * ns;
            if (_inFlight > 0)
                (BusyNs, _occupiedUntilNs) = (BusyNs + ns, nowNs);
            Most = Math.Max(Most, requests);
        }
        (_lastNs, _inFlight) = (nowNs, requests);
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
