using System;
using System.Collections.Generic;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// How arrivals scatter in time, from times in almost any order: a heap of 65,536 puts them in order
/// on the way, so that memory does not grow with the file. Times further out of order than that leave
/// the figures undefined.
/// </summary>
sealed class ArrivalGaps
{
    const int HeapTimes = 65_536;

    static readonly double[] Ladder =
        [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600];

    readonly PriorityQueue<long, long> _heap = new();
    readonly SortedDictionary<double, WindowCounter> _windows = [];
    long _lastNs = long.MinValue;
    long _gaps;
    double _meanNs;
    double _squares;

    public ArrivalGaps()
    {
        foreach (var windowS in Ladder)
            _windows.Add(windowS, new WindowCounter((long)Math.Round(windowS * 1e9)));
    }

    public long FirstNs { get; private set; } = long.MaxValue;

    public long LastNs { get; private set; } = long.MinValue;

    /// <summary>Whether the heap could put all times in order.</summary>
    public bool InOrder { get; private set; } = true;

    /// <summary>Standard deviation ÷ mean of the gaps, 1 for Poisson arrivals; null when undefined.</summary>
    public double? Variation =>
        InOrder && _gaps > 1 && _meanNs > 0 ? Math.Sqrt(_squares / _gaps) / _meanNs : null;

    public void Add(long atNs)
    {
        FirstNs = Math.Min(FirstNs, atNs);
        LastNs = Math.Max(LastNs, atNs);
        if (_heap.Count < HeapTimes)
            _heap.Enqueue(atNs, atNs);
        else
            Take(_heap.EnqueueDequeue(atNs, atNs));
    }

    public void Finish()
    {
        while (_heap.TryDequeue(out var atNs, out _))
            Take(atNs);
    }

    /// <summary>The windows of this length; null when it is not one of those counted or undefined.</summary>
    public WindowCounter? Windows(double windowS) =>
        InOrder ? _windows.GetValueOrDefault(windowS) : null;

    void Take(long atNs)
    {
        if (atNs < _lastNs)
        {
            InOrder = false;
            return;
        }
        if (_lastNs != long.MinValue)
        {
            _gaps++;
            var gapNs = (double)(atNs - _lastNs);
            var off = gapNs - _meanNs;
            _meanNs += off / _gaps;
            _squares += off * (gapNs - _meanNs);
        }
        _lastNs = atNs;
        foreach (var counter in _windows.Values)
            counter.Add(atNs);
    }
}
