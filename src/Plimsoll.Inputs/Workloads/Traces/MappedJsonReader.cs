using System.Globalization;
using System.Text.Json;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// Any JSON-lines log whose fields the user has named; a field of an object inside is <c>object.field</c>.
/// </summary>
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
        row.PromptTokens = row.OutputTokens = -1;
        ParseFields(ref json, ref row, "");
        if (row.PromptTokens < 0 || row.OutputTokens < 0 || (_map.Time is not null && !row.HasTime))
            Source.Fail($"a field of the map is missing; expected {_map}");
    }

    /// <summary>
    /// The fields of one object; those of an object within it carry its name and a dot before theirs.
    /// </summary>
    void ParseFields(ref Utf8JsonReader json, ref TraceRow row, string within)
    {
        while (Property(ref json))
        {
            var name = within + json.GetString();
            json.Read();
            if (name == _map.Time)
                row.AtNs = ReadTime(ref json, name);
            else if (name == _map.Input)
                row.PromptTokens = Tokens(ref json, name);
            else if (name == _map.Output)
                row.OutputTokens = Tokens(ref json, name);
            else if (name == _map.Session)
                row.Session = IsNull(ref json) ? -1 : Session(ref json, name);
            else if (name == _map.Level)
                row.Level = Level(Text(ref json), name);
            else if (name == _map.Priority)
                row.Priority = Priority(Text(ref json), name);
            else if (name == _map.Tenant)
                row.Tenant = Tenant(Text(ref json), name);
            else if (name == _map.Adapter)
                row.Adapter = Adapter(Text(ref json), name);
            else if (name == _map.Ttft?.Column)
                row.Deadlines = row.Deadlines with { TtftNs = Duration(ref json, _map.Ttft, name) };
            else if (name == _map.Itl?.Column)
                row.Deadlines = row.Deadlines with { ItlNs = Duration(ref json, _map.Itl, name) };
            else if (name == _map.E2e?.Column)
                row.Deadlines = row.Deadlines with { CompletionNs = Duration(ref json, _map.E2e, name) };
            else if (json.TokenType == JsonTokenType.StartObject && _map.Mentions(name + "."))
                ParseFields(ref json, ref row, name + ".");
            else
                json.Skip();
        }
    }

    /// <summary>A name or a number as text; empty for null.</summary>
    string Text(ref Utf8JsonReader json)
    {
        if (json.TokenType == JsonTokenType.Null)
            return "";
        if (json.TokenType == JsonTokenType.String)
            return json.GetString()!;
        if (json.TokenType != JsonTokenType.Number)
            Source.Fail($"a field of the map is neither text nor a number; expected {_map}");
        return System.Text.Encoding.UTF8.GetString(json.ValueSpan);
    }

    long Duration(ref Utf8JsonReader json, TimeColumn map, string name) =>
        IsNull(ref json) ? 0 : Time(ref json, map.UnitNs, name);

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
