using System;
using System.Collections.Generic;
using System.Linq;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// What became of a trace file's rows: <see cref="RowsRead"/> = <see cref="RowsEmitted"/> + the rows
/// dropped, each under a named reason.
/// </summary>
public sealed class TraceReport
{
    readonly SortedDictionary<string, long> _dropped = new(StringComparer.Ordinal);
    readonly List<string> _notes = [];

    public required string File { get; init; }

    public required TraceFormat Format { get; init; }

    public long RowsRead { get; internal set; }

    public long RowsEmitted { get; internal set; }

    /// <summary>Rows dropped, by reason.</summary>
    public IReadOnlyDictionary<string, long> Dropped => _dropped;

    public long RowsDropped => _dropped.Values.Sum();

    /// <summary>Rows earlier than a row before them; they are sorted into place.</summary>
    public long OutOfOrder { get; internal set; }

    /// <summary>Rows with the time, lengths and content of the row before them; kept.</summary>
    public long Duplicates { get; internal set; }

    /// <summary>The step the timestamps are rounded to, when it is coarse enough to matter; else 0.</summary>
    public long QuantumNs { get; internal set; }

    /// <summary>What a reader of the figures should know, one sentence each.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>The notes, and beside them what was left out and why.</summary>
    public IEnumerable<string> Statements()
    {
        foreach (var note in _notes)
            yield return note;
        foreach (var (reason, rows) in _dropped)
            yield return FormattableString.Invariant($"{rows} of {RowsRead} rows left out: {reason}");
    }

    internal void Drop(string reason) =>
        _dropped[reason] = _dropped.GetValueOrDefault(reason) + 1;

    internal void Note(string note)
    {
        if (!_notes.Contains(note))
            _notes.Add(note);
    }
}
