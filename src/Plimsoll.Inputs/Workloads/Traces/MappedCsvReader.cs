using System;
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
    readonly int _level = -1;
    readonly int _priority = -1;
    readonly int _tenant = -1;
    readonly int _adapter = -1;
    readonly int _ttft = -1;
    readonly int _itl = -1;
    readonly int _e2e = -1;
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
        _session = Optional(map.Session);
        _level = Optional(map.Level);
        _priority = Optional(map.Priority);
        _tenant = Optional(map.Tenant);
        _adapter = Optional(map.Adapter);
        _ttft = Optional(map.Ttft?.Column);
        _itl = Optional(map.Itl?.Column);
        _e2e = Optional(map.E2e?.Column);
        _sessionsByText = _sessions.GetAlternateLookup<System.ReadOnlySpan<char>>();
    }

    protected override void ParseRow(ref TraceRow row, ref string? dropped)
    {
        if (_time >= 0)
            row.AtNs = _map.UnitNs == 0 ? Date(_time) : Time(_time, _map.UnitNs);
        row.PromptTokens = Tokens(_input);
        row.OutputTokens = Tokens(_output);
        if (_level >= 0)
            row.Level = Level(Field(_level), Name(_level));
        if (_priority >= 0)
            row.Priority = Priority(Field(_priority), Name(_priority));
        if (_tenant >= 0)
            row.Tenant = Tenant(Field(_tenant), Name(_tenant));
        if (_adapter >= 0)
            row.Adapter = Adapter(Field(_adapter), Name(_adapter));
        row.Deadlines = new Deadlines(
            Duration(_ttft, _map.Ttft), Duration(_itl, _map.Itl), Duration(_e2e, _map.E2e));
        if (_session < 0)
            return;
        if (!_sessionsByText.TryGetValue(Field(_session), out row.Session))
            _sessionsByText[Field(_session)] = row.Session = _sessions.Count;
    }

    int Optional(string? column) => column is null ? -1 : Column(column);

    long Duration(int column, TimeColumn? map) =>
        column < 0 || Field(column).IsWhiteSpace() ? 0 : Time(column, map!.UnitNs);
}
