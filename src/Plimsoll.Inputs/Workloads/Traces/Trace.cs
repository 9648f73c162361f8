using System;
using System.Collections.Generic;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// A whole trace in memory, in order of time: 64 bytes a row, and 8 per prefix key. Describing a trace does
/// not need it; replaying and fitting do.
/// </summary>
public sealed class Trace
{
    /// <summary>
    /// Keys are kept in blocks of this many, so that a long trace is never copied to make room.
    /// </summary>
    const int KeysPerBlock = 1 << 16;

    readonly List<Row> _rows = [];
    readonly HashSet<RowService> _services = [];
    Memory<ulong> _freeKeys;
    bool _hasKeys;

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

    /// <summary>
    /// Names of the levels that requests name by their place here; empty when none is told.
    /// </summary>
    public IReadOnlyList<string> Levels { get; private set; } = [];

    /// <summary>Names of the tenants, numbered from 1 by requests; empty when none is told.</summary>
    public IReadOnlyList<string> Tenants { get; private set; } = [];

    /// <summary>First arrival to last, seconds; 0 without times.</summary>
    public double SpanS => HasTimes ? (_rows[^1].AtNs - _rows[0].AtNs) / 1e9 : 0;

    public static Trace Load(string path, TraceOptions? options = null) =>
        Load(TraceReader.Open(path, options));

    /// <summary>Reads a trace to its end and lets go of it.</summary>
    internal static Trace Load(TraceReader reader)
    {
        using var scan = new TraceScan(reader);
        var trace = new Trace(scan.Report);
        var arrivals = new List<long>();
        scan.Times.Arrives = arrivals.Add;
        while (scan.Read(out var row))
            trace.Add(row);
        for (var i = 0; i < arrivals.Count; i++)
            trace._rows[i] = trace._rows[i] with { AtNs = arrivals[i] };
        trace.HasTimes = scan.HasTimes;
        trace.ClosedLoop = reader.ClosedLoop;
        trace.PrefixBlockTokens = trace._hasKeys ? reader.PrefixBlockTokens : 0;
        trace.Levels = reader.Levels;
        trace.Tenants = reader.Tenants;
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
                PrefixKeys = row.PrefixKeys,
                Session = row.Session,
                Level = row.Service?.Level ?? 0,
                Priority = row.Service?.Priority,
                Tenant = row.Service?.Tenant ?? 0,
                Adapter = row.Service?.Adapter ?? 0,
                Deadlines = row.Service?.Deadlines ?? default,
            };
        }
    }

    /// <summary>From the end of the session's answer before to this request, nanoseconds.</summary>
    public long ThinkNs(int index) => _rows[index].ThinkNs;

    void Add(in TraceRow row) => _rows.Add(new Row(
        row.AtNs, row.ThinkNs, row.PromptTokens, row.OutputTokens, row.Session, _rows.Count,
            Keep(row.PrefixKeys.Span),
        Service(row)));

    /// <summary>The row's own service, one object for many rows; null when nothing is told of it.</summary>
    RowService? Service(in TraceRow row)
    {
        var service = new RowService(row.Level, row.Priority, row.Tenant, row.Adapter, row.Deadlines);
        if (service == RowService.None)
            return null;
        if (_services.TryGetValue(service, out var known))
            return known;
        _services.Add(service);
        return service;
    }

    ReadOnlyMemory<ulong> Keep(ReadOnlySpan<ulong> keys)
    {
        if (keys.IsEmpty)
            return default;
        _hasKeys = true;
        if (keys.Length > _freeKeys.Length)
            _freeKeys = new ulong[Math.Max(KeysPerBlock, keys.Length)];
        var kept = _freeKeys[..keys.Length];
        _freeKeys = _freeKeys[keys.Length..];
        keys.CopyTo(kept.Span);
        return kept;
    }

    void Sort()
    {
        if (HasTimes && !ClosedLoop)
            _rows.Sort((a, b) => a.AtNs != b.AtNs ? a.AtNs.CompareTo(b.AtNs) : a.Order.CompareTo(b.Order));
    }

    readonly record struct Row(
        long AtNs, long ThinkNs, int PromptTokens, int OutputTokens, int Session, int Order,
        ReadOnlyMemory<ulong> PrefixKeys, RowService? Service);

    /// <summary>Who asked and how fast it was promised.</summary>
    sealed record RowService(int Level, int? Priority, int Tenant, int Adapter, Deadlines Deadlines)
    {
        public static RowService None { get; } = new(0, null, 0, 0, default);
    }
}
