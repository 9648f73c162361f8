using System;
using System.IO;
using System.Text;
using System.Text.Json;

namespace Plimsoll.Engine.Simulated;

/// <summary>
/// A smallest instance of a JSON schema: what a simulated engine answers where a shape is asked for. Patterns
/// and formats of texts are not followed.
/// </summary>
sealed class SchemaInstance
{
    const int MostDepth = 32;

    /// <summary>A reference may stand for twice as much at every level: so many values are written.</summary>
    const int MostValues = 4096;

    const int MostLetters = 4096;
    const string Words = "calm sea";

    readonly JsonElement _root;
    readonly Utf8JsonWriter _writer;
    int _values;

    SchemaInstance(JsonElement root, Utf8JsonWriter writer) => (_root, _writer) = (root, writer);

    /// <summary>
    /// Throws <see cref="EngineRefusalException"/> where the schema is no schema, nests too deep or asks for
    /// too much.
    /// </summary>
    public static string Of(string? schema)
    {
        if (schema is null)
            return "{}";
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            using var document = Parse(schema);
            new SchemaInstance(document.RootElement, writer).Write(document.RootElement, 0);
        }
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    static JsonDocument Parse(string schema)
    {
        try
        {
            return JsonDocument.Parse(schema);
        }
        catch (JsonException bad)
        {
            throw Bad($"not JSON at byte {bad.BytePositionInLine}; expected a schema");
        }
    }

    void Write(JsonElement schema, int depth)
    {
        if (depth > MostDepth)
            throw Bad($"nested deeper than {MostDepth}; expected a finite shape");
        if (++_values > MostValues)
            throw Bad($"asks for more than {MostValues} values; expected a smaller shape");
        if (schema.ValueKind is JsonValueKind.True)
            _writer.WriteNullValue();
        else if (schema.ValueKind is not JsonValueKind.Object)
            throw Bad("a part of it is no schema; expected an object");
        else if (schema.TryGetProperty("const", out var constant))
            constant.WriteTo(_writer);
        else if (Find(schema, "enum", JsonValueKind.Array) is { } values)
            First(values, "enum").WriteTo(_writer);
        else if (Find(schema, "$ref", JsonValueKind.String) is { } reference)
            Write(Resolve(reference.GetString()!), depth + 1);
        else if (FirstAlternative(schema) is { } alternative)
            Write(alternative, depth + 1);
        else
            WriteTyped(schema, depth);
    }

    static JsonElement? FirstAlternative(JsonElement schema)
    {
        foreach (var name in new[] { "anyOf", "oneOf", "allOf" })
        {
            if (Find(schema, name, JsonValueKind.Array) is { } list)
                return First(list, name);
        }
        return null;
    }

    JsonElement Resolve(string reference)
    {
        var at = _root;
        foreach (var name in reference.TrimStart('#').Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(name, out at))
                throw Bad($"$ref {reference} leads nowhere");
        }
        return at;
    }

    void WriteTyped(JsonElement schema, int depth)
    {
        switch (TypeOf(schema))
        {
            case "object":
                WriteObject(schema, depth);
                break;
            case "array":
                WriteArray(schema, depth);
                break;
            case "integer":
                WriteNumber(schema, isWhole: true);
                break;
            case "number":
                WriteNumber(schema, isWhole: false);
                break;
            case "boolean":
                _writer.WriteBooleanValue(true);
                break;
            case "null":
                _writer.WriteNullValue();
                break;
            case "string":
                WriteText(schema);
                break;
            case var type:
                throw Bad($"type {type}: expected object, array, string, number, integer, boolean or null");
        }
    }

    void WriteObject(JsonElement schema, int depth)
    {
        _writer.WriteStartObject();
        if (Find(schema, "properties", JsonValueKind.Object) is { } properties)
        {
            foreach (var property in properties.EnumerateObject())
            {
                _writer.WritePropertyName(property.Name);
                Write(property.Value, depth + 1);
            }
        }
        _writer.WriteEndObject();
    }

    void WriteArray(JsonElement schema, int depth)
    {
        var hasItems = schema.TryGetProperty("items", out var item);
        var usual = hasItems && Count(schema, "maxItems") is not 0 ? 1 : 0;
        var count = Least(schema, "minItems", MostValues) ?? usual;
        _writer.WriteStartArray();
        for (var i = 0; i < count; i++)
        {
            if (hasItems)
                Write(item, depth + 1);
            else
                _writer.WriteNullValue();
        }
        _writer.WriteEndArray();
    }

    void WriteNumber(JsonElement schema, bool isWhole)
    {
        var least = Number(schema, "minimum") ?? Number(schema, "exclusiveMinimum") + 1;
        var most = Number(schema, "maximum") ?? Number(schema, "exclusiveMaximum") - 1;
        var value = least ?? Math.Min(1, most ?? 1);
        _writer.WriteNumberValue(!isWhole ? value : least is null ? Math.Floor(value) : Math.Ceiling(value));
    }

    void WriteText(JsonElement schema)
    {
        var least = Least(schema, "minLength", MostLetters) ?? 0;
        var text = Words.PadRight(least, '.');
        var most = Math.Max(least, Count(schema, "maxLength") ?? text.Length);
        _writer.WriteStringValue(text.Length <= most ? text : text[..(int)most]);
    }

    static string? TypeOf(JsonElement schema)
    {
        if (!schema.TryGetProperty("type", out var type))
            return schema.TryGetProperty("properties", out _) ? "object" : "string";
        if (type.ValueKind == JsonValueKind.Array)
            type = First(type, "type");
        return type.ValueKind == JsonValueKind.String ? type.GetString()
            : throw Bad("type: expected a name or a list of names");
    }

    static JsonElement First(JsonElement list, string name) =>
        list.GetArrayLength() > 0 ? list[0] : throw Bad($"{name} is empty; expected at least one");

    static JsonElement? Find(JsonElement schema, string name, JsonValueKind kind)
    {
        if (!schema.TryGetProperty(name, out var value))
            return null;
        return value.ValueKind == kind ? value
            : throw Bad($"{name}: expected {KindOf(kind)}");
    }

    static string KindOf(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Array => "an array",
        JsonValueKind.Object => "an object",
        JsonValueKind.Number => "a number",
        _ => "a text",
    };

    static double? Number(JsonElement schema, string name) =>
        Find(schema, name, JsonValueKind.Number)?.GetDouble() switch
        {
            { } value when !double.IsFinite(value) => throw Bad($"{name}: expected a number that is finite"),
            var value => value,
        };

    static double? Count(JsonElement schema, string name) =>
        Number(schema, name) switch
        {
            { } count when count < 0 || count != Math.Floor(count) =>
                throw Bad($"{name}: expected a whole number of at least 0"),
            var count => count,
        };

    static int? Least(JsonElement schema, string name, int most) =>
        Count(schema, name) switch
        {
            { } count when count > most => throw Bad($"{name} {count}: expected at most {most}"),
            var count => (int?)count,
        };

    static EngineRefusalException Bad(string what) => new($"json_schema: {what}");
}
