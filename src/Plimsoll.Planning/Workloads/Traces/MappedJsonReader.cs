using System.Globalization;
using System.Text.Json;

namespace Plimsoll.Planning.Workloads.Traces;

/// <summary>Any JSON-lines log whose top-level fields the user has named.</summary>
sealed class MappedJsonReader : JsonTraceReader
{
    readonly ColumnMap _map;

    public MappedJsonReader(TraceSource source, ColumnMap map)
        : base(source, TraceFormat.Mapped)
    {
        _map = map;
    }

    protected override void ParseObject(ref Utf8JsonReader json, ref TraceRow row, ref string? dropped)
    {
        int prompt = -1, output = -1;
        while (Property(ref json))
        {
            var name = json.GetString()!;
            json.Read();
            if (name == _map.Time)
                row.AtNs = ReadTime(ref json, name);
            else if (name == _map.Input)
                prompt = Tokens(ref json, name);
            else if (name == _map.Output)
                output = Tokens(ref json, name);
            else if (name == _map.Session)
                row.Session = IsNull(ref json) ? -1 : Session(ref json, name);
            else
                json.Skip();
        }
        if (prompt < 0 || output < 0 || (_map.Time is not null && !row.HasTime))
            Source.Fail($"a field of the map is missing; expected {_map}");
        row.PromptTokens = prompt;
        row.OutputTokens = output;
    }

    long ReadTime(ref Utf8JsonReader json, string name)
    {
        if (_map.UnitNs > 0 && json.TokenType == JsonTokenType.Number)
            return Time(ref json, _map.UnitNs, name);
        var text = json.TokenType == JsonTokenType.String ? json.GetString()! : "";
        if (_map.UnitNs == 0 && IsoTime.TryParse(text, out var unixNs))
            return unixNs;
        if (_map.UnitNs > 0
            && decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
        {
            return Time(value, _map.UnitNs, name);
        }
        throw Source.Error($"{name} is no time in the unit of the map; expected {_map}");
    }
}
