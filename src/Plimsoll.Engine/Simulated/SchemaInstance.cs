using System;
using System.IO;
using System.Text;
using System.Text.Json;

namespace Plimsoll.Engine.Simulated;

/// <summary>
/// A smallest instance of a JSON schema: what a simulated engine answers where a shape is asked for.
/// </summary>
static class SchemaInstance
{
    const int MostDepth = 32;

    /// <summary>
    /// Throws <see cref="EngineRefusalException"/> where the schema is no schema or nests too deep.
    /// </summary>
    public static string Of(string? schema)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            if (schema is null)
            {
                writer.WriteStartObject();
                writer.WriteEndObject();
            }
            else
            {
                using var document = Parse(schema);
                Write(writer, document.RootElement, document.RootElement, 0);
            }
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
            throw new EngineRefusalException(
                $"json_schema: not JSON at byte {bad.BytePositionInLine}; expected a schema");
        }
    }

    static void Write(Utf8JsonWriter writer, JsonElement root, JsonElement schema, int depth)
    {
        if (depth > MostDepth)
        {
            throw new EngineRefusalException(
                $"json_schema: nested deeper than {MostDepth}; expected a finite shape");
        }
        if (schema.ValueKind != JsonValueKind.Object)
        {
            writer.WriteNullValue();
            return;
        }
        if (schema.TryGetProperty("const", out var constant))
            constant.WriteTo(writer);
        else if (schema.TryGetProperty("enum", out var values) && values.GetArrayLength() > 0)
            values[0].WriteTo(writer);
        else if (schema.TryGetProperty("$ref", out var reference))
            Write(writer, root, Resolve(root, reference.GetString()!), depth + 1);
        else if (FirstAlternative(schema) is { } alternative)
            Write(writer, root, alternative, depth + 1);
        else
            WriteTyped(writer, root, schema, depth);
    }

    static JsonElement? FirstAlternative(JsonElement schema)
    {
        foreach (var name in new[] { "anyOf", "oneOf", "allOf" })
        {
            if (schema.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array
                && list.GetArrayLength() > 0)
            {
                return list[0];
            }
        }
        return null;
    }

    static JsonElement Resolve(JsonElement root, string reference)
    {
        var at = root;
        foreach (var name in reference.TrimStart('#').Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(name, out at))
                throw new EngineRefusalException($"json_schema: $ref {reference} leads nowhere");
        }
        return at;
    }

    static void WriteTyped(Utf8JsonWriter writer, JsonElement root, JsonElement schema, int depth)
    {
        switch (TypeOf(schema))
        {
            case "object":
                WriteObject(writer, root, schema, depth);
                break;
            case "array":
                writer.WriteStartArray();
                var least = schema.TryGetProperty("minItems", out var items) ? items.GetInt32() : 1;
                for (var i = 0; i < Math.Min(least, 16) && schema.TryGetProperty("items", out var item); i++)
                    Write(writer, root, item, depth + 1);
                writer.WriteEndArray();
                break;
            case "integer" or "number":
                if (schema.TryGetProperty("minimum", out var minimum))
                    minimum.WriteTo(writer);
                else
                    writer.WriteNumberValue(1);
                break;
            case "boolean":
                writer.WriteBooleanValue(true);
                break;
            case "null":
                writer.WriteNullValue();
                break;
            default:
                writer.WriteStringValue("calm sea");
                break;
        }
    }

    static void WriteObject(Utf8JsonWriter writer, JsonElement root, JsonElement schema, int depth)
    {
        writer.WriteStartObject();
        if (schema.TryGetProperty("properties", out var properties)
            && properties.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in properties.EnumerateObject())
            {
                writer.WritePropertyName(property.Name);
                Write(writer, root, property.Value, depth + 1);
            }
        }
        writer.WriteEndObject();
    }

    static string? TypeOf(JsonElement schema)
    {
        if (!schema.TryGetProperty("type", out var type))
            return schema.TryGetProperty("properties", out _) ? "object" : "string";
        return type.ValueKind == JsonValueKind.Array && type.GetArrayLength() > 0 ? type[0].GetString()
            : type.ValueKind == JsonValueKind.String ? type.GetString() : null;
    }
}
