using System.Collections.Generic;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>Any CSV log whose columns the user has named.</summary>
sealed class MappedCsvReader : CsvTraceReader
{
    readonly ColumnMap _map;
    readonly int _time = -1;
    readonly int _input;
    readonly int _output;
    readonly int _session = -1;
    readonly Dictionary<string, int> _sessions = [];
    readonly Dictionary<string, int>.AlternateLookup<System.ReadOnlySpan<char>> _sessionsByText;

    public MappedCsvReader(TraceSource source, ColumnMap map)
        : base(source, TraceFormat.Mapped)
    {
        _map = map;
        if (map.Time is not null)
            _time = Column(map.Time);
        _input = Column(map.Input);
        _output = Column(map.Output);
        if (map.Session is not null)
            _session = Column(map.Session);
        _sessionsByText = _sessions.GetAlternateLookup<System.ReadOnlySpan<char>>();
    }

    protected override void ParseRow(ref TraceRow row, ref string? dropped)
    {
        if (_time >= 0)
            row.AtNs = _map.UnitNs == 0 ? Date(_time) : Time(_time, _map.UnitNs);
        row.PromptTokens = Tokens(_input);
        row.OutputTokens = Tokens(_output);
        if (_session < 0)
            return;
        if (!_sessionsByText.TryGetValue(Field(_session), out row.Session))
            _sessionsByText[Field(_session)] = row.Session = _sessions.Count;
    }
}
