using System;
using System.Collections.Generic;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// When the rows of a trace arrive: at their own times, or inside the step to which these were rounded.
/// The step is found in the head of the file, so times wait there until it is known.
/// </summary>
sealed class ArrivalTimes(Timestamps timestamps)
{
    readonly List<long> _head = [];
    long _quantumNs;
    long _rows;
    bool _isKnown;

    /// <summary>Told each row's time of arrival, in the file's order.</summary>
    public Action<long>? Arrives { get; set; }

    public void Add(in TraceRow row, bool closedLoop)
    {
        if (_isKnown)
        {
            Pass(row.AtNs);
            return;
        }
        _head.Add(row.AtNs);
        // Without times there is nothing to spread, and sessions of a closed loop start as they will.
        if (!row.HasTime || closedLoop || timestamps == Timestamps.AsIs)
            Settle(0);
        else if (_head.Count == TimeQuantum.SampleRows)
            Settle(TimeQuantum.Detect([.. _head]));
    }

    /// <summary>No row is to come; the step, nanoseconds, 0 for none.</summary>
    public long Finish()
    {
        if (!_isKnown)
            Settle(TimeQuantum.Detect([.. _head]));
        return _quantumNs;
    }

    void Settle(long quantumNs)
    {
        _isKnown = true;
        _quantumNs = quantumNs;
        foreach (var atNs in _head)
            Pass(atNs);
        _head.Clear();
    }

    void Pass(long atNs)
    {
        var offsetNs = _quantumNs > 0 && atNs != TraceRow.NoTime ? TimeQuantum.OffsetNs(_rows, _quantumNs)
            : 0;
        _rows++;
        Arrives?.Invoke(atNs == TraceRow.NoTime ? atNs : atNs + offsetNs);
    }
}
