using System.Collections.Generic;
using System.Globalization;
using Plimsoll.Core;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// One pass over a trace file with what only the whole file tells: the timestamps' step, found in its
/// head, rows out of order, repeated rows, a span that no trace has.
/// </summary>
sealed class TraceScan : System.IDisposable
{
    const int MostAtOneTime = 65_536;
    const long LongestSpanNs = 20L * 366 * 86_400 * 1_000_000_000;

    readonly TraceReader _reader;
    readonly HashSet<ulong> _sameTime = [];
    long _earliestNs = long.MaxValue;
    long _latestNs = long.MinValue;
    bool _sawTime;
    bool _sawNoTime;
    bool _sawDeadlines;

    public TraceScan(TraceReader reader)
    {
        _reader = reader;
        Times = new ArrivalTimes(reader.Timestamps);
    }

    public TraceReader Reader => _reader;

    public TraceReport Report => _reader.Report;

    public bool HasTimes => _sawTime;

    /// <summary>When each row arrives.</summary>
    public ArrivalTimes Times { get; }

    /// <summary>
    /// The next row as the file has it; when it arrives is for <see cref="Times"/> to say, which may have
    /// to see more of the file first.
    /// </summary>
    public bool Read(out TraceRow row)
    {
        if (!_reader.Read(out row))
        {
            Conclude();
            return false;
        }
        _sawTime |= row.HasTime;
        _sawNoTime |= !row.HasTime;
        _sawDeadlines |= row.Deadlines != default;
        if (row.HasTime)
            Place(row);
        Times.Add(row, _reader.ClosedLoop);
        return true;
    }

    public void Dispose() => _reader.Dispose();

    void Place(in TraceRow row)
    {
        var inOrder = row.AtNs >= _latestNs;
        if (row.AtNs != _latestNs)
            _sameTime.Clear();
        _latestNs = System.Math.Max(_latestNs, row.AtNs);
        _earliestNs = System.Math.Min(_earliestNs, row.AtNs);
        if (_latestNs - _earliestNs > LongestSpanNs)
        {
            throw _reader.Error(
                $"times run over {(_latestNs - _earliestNs) / 3.15576e16:F0} years; "
                + $"expected one trace in one unit");
        }
        // Sessions of a closed loop interleave as they will, and a batch's rows share their time on purpose.
        if (_reader.ClosedLoop || Report.Format == TraceFormat.OpenAiBatch)
            return;
        if (!inOrder)
            Report.OutOfOrder++;
        if (_sameTime.Count >= MostAtOneTime)
            return;
        var last = row.PrefixKeys.IsEmpty ? 0 : row.PrefixKeys.Span[^1];
        var lengths = ((ulong)row.PromptTokens << 32) | (uint)row.OutputTokens;
        var session = (ulong)(row.Session + 1) << 8;
        if (!_sameTime.Add(PrefixChain.Mix(lengths) ^ PrefixChain.Mix(last + session)))
            Report.Duplicates++;
    }

    void Conclude()
    {
        if (_sawTime && _sawNoTime)
            throw new BadInputException($"{Report.File}: some rows have no time; expected all or none to");
        Report.QuantumNs = Times.Finish();
        if (Report.QuantumNs > 0)
        {
            var seconds = (Report.QuantumNs / 1e9).ToString("0.###", CultureInfo.InvariantCulture);
            Report.Note(
                $"timestamps are rounded to {seconds} s; arrivals are spread evenly inside each step");
        }
        if (_sawDeadlines)
        {
            Report.Note("limits of requests' own are deadlines to the policy slack; whether promises were "
                + "kept is judged by those of their level");
        }
        if (Report.OutOfOrder > 0)
            Report.Note($"{Report.OutOfOrder} rows are earlier than a row before them; sorted by time");
        if (Report.Duplicates > 0)
            Report.Note($"{Report.Duplicates} rows repeat another's time, lengths and content; kept");
    }
}
