using System;
using System.Collections.Generic;

namespace Plimsoll.Planning.Workloads.Traces;

/// <summary>
/// A whole trace in columns, in order of time: 32 bytes a row, and 8 per prefix key. Describing a trace does
/// not need it; replaying and fitting do.
/// </summary>
public sealed class Trace
{
    readonly List<Row> _rows = [];
    ulong[] _keys = new ulong[1024];
    int _keyCount;

    Trace(TraceReport report)
    {
        Report = report;
    }

    public TraceReport Report { get; }

    public int Count => _rows.Count;

    public bool HasTimes { get; private set; }

    /// <summary>Whether a session's next request waits for its last answer.</summary>
    public bool ClosedLoop { get; private set; }

    /// <summary>Tokens per prefix key; 0 when the file has none.</summary>
    public int PrefixBlockTokens { get; private set; }

    /// <summary>First arrival to last, seconds; 0 without times.</summary>
    public double SpanS => HasTimes ? (_rows[^1].AtNs - _rows[0].AtNs) / 1e9 : 0;

    public static Trace Load(string path, TraceOptions? options = null)
    {
        using var scan = TraceScan.Open(path, options ?? new TraceOptions());
        var trace = new Trace(scan.Report);
        while (scan.Read(out var row, out var arrivesNs))
            trace.Add(row, arrivesNs);
        trace.HasTimes = scan.HasTimes;
        trace.ClosedLoop = scan.Reader.ClosedLoop;
        trace.PrefixBlockTokens = trace._keyCount > 0 ? scan.Reader.PrefixBlockTokens : 0;
        trace.Sort();
        return trace;
    }

    /// <summary>The request at a place, its time from the first arrival on.</summary>
    public Arrival this[int index]
    {
        get
        {
            var row = _rows[index];
            return new Arrival
            {
                AtNs = HasTimes ? row.AtNs - _rows[0].AtNs : 0,
                PromptTokens = row.PromptTokens,
                OutputTokens = row.OutputTokens,
                PrefixKeys = _keys.AsMemory(row.KeyStart, row.KeyCount),
                Session = row.Session,
            };
        }
    }

    /// <summary>From the end of the session's answer before to this request, nanoseconds.</summary>
    public long ThinkNs(int index) => _rows[index].ThinkNs;

    void Add(in TraceRow row, long arrivesNs)
    {
        var keys = row.PrefixKeys.Span;
        if (_keyCount + keys.Length > _keys.Length)
            Array.Resize(ref _keys, Math.Max(_keyCount + keys.Length, 2 * _keys.Length));
        keys.CopyTo(_keys.AsSpan(_keyCount));
        _rows.Add(new Row(
            arrivesNs, row.ThinkNs, row.PromptTokens, row.OutputTokens, row.Session, _keyCount, keys.Length, _rows.Count));
        _keyCount += keys.Length;
    }

    void Sort()
    {
        if (HasTimes && !ClosedLoop)
            _rows.Sort((a, b) => a.AtNs != b.AtNs ? a.AtNs.CompareTo(b.AtNs) : a.Order.CompareTo(b.Order));
    }

    readonly record struct Row(
        long AtNs, long ThinkNs, int PromptTokens, int OutputTokens, int Session, int KeyStart, int KeyCount, int Order);
}
