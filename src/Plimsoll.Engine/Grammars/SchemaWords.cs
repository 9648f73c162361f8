using System;
using System.Linq;
using System.Text.Json;

namespace Plimsoll.Engine.Grammars;

/// <summary>A schema's words, each of the JSON type that it must have, and none against its "type".</summary>
static class SchemaWords
{
    const int Deepest = 64;

    public static string Text(JsonElement value, string word, string where) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()!
            : throw Unexpected(value, word, "a string", where);

    public static JsonElement.ArrayEnumerator List(JsonElement value, string word, string where) =>
        value.ValueKind == JsonValueKind.Array ? value.EnumerateArray()
            : throw Unexpected(value, word, "a list", where);

    public static JsonElement.ObjectEnumerator Members(JsonElement value, string word, string where) =>
        value.ValueKind == JsonValueKind.Object ? value.EnumerateObject()
            : throw Unexpected(value, word, "an object", where);

    /// <summary>The names under "type".</summary>
    public static string[] Types(JsonElement type, string where) => type.ValueKind switch
    {
        JsonValueKind.String => [type.GetString()!],
        JsonValueKind.Array when type.GetArrayLength() > 0 =>
            [.. type.EnumerateArray().Select(name => Text(name, "type", where))],
        _ => throw JsonGrammar.Bad(where, "has a type that is neither a name nor a list of names"),
    };

    /// <summary>A value that is given must be of a type that is asked for beside it.</summary>
    public static void MustBeOfType(JsonElement schema, JsonElement value, string word, string where)
    {
        if (schema.TryGetProperty("type", out var type) && !IsOf(Types(type, where), value))
        {
            throw JsonGrammar.Bad(
                where, $"has a {word} that is not of its type; nothing can be valid under it");
        }
    }

    /// <summary>
    /// A schema inside another must allow only types that the outer one does: the grammar is made of the
    /// inner one alone.
    /// </summary>
    /// <param name="resolved">What a reference stands for.</param>
    public static void MustAgree(
        JsonElement schema, JsonElement inner, string word, string where,
        Func<JsonElement, JsonElement> resolved)
    {
        if (schema.TryGetProperty("type", out var type)
            && !IsWithin(Types(type, where), inner, where, resolved, 0))
        {
            throw JsonGrammar.Bad(where, $"has in its {word} what its type does not allow");
        }
    }

    static bool IsWithin(
        string[] outer, JsonElement inner, string where, Func<JsonElement, JsonElement> resolved, int depth)
    {
        inner = resolved(inner);
        if (depth > Deepest || inner.ValueKind != JsonValueKind.Object)
            return false;
        if (inner.TryGetProperty("type", out var type))
            return Types(type, where).All(name => outer.Contains(name) || IsWhole(name, outer));
        if (inner.TryGetProperty("const", out var constant))
            return IsOf(outer, constant);
        if (inner.TryGetProperty("enum", out var values))
            return List(values, "enum", where).All(value => IsOf(outer, value));
        foreach (var word in new[] { "anyOf", "oneOf" })
        {
            if (inner.TryGetProperty(word, out var choices))
            {
                return List(choices, word, where)
                    .All(choice => IsWithin(outer, choice, where, resolved, depth + 1));
            }
        }
        if (inner.TryGetProperty("allOf", out var parts))
            return List(parts, "allOf", where).Any(part => IsWithin(outer, part, where, resolved, depth + 1));
        if (inner.TryGetProperty("$ref", out _))
            return IsWithin(outer, inner, where, resolved, depth + 1);
        return Implied(inner) is { } implied && outer.Contains(implied);
    }

    /// <summary>The type of a schema that names none, by the words it uses.</summary>
    public static string? Implied(JsonElement schema)
    {
        if (schema.TryGetProperty("properties", out _) || schema.TryGetProperty("required", out _))
            return "object";
        return schema.TryGetProperty("items", out _) || schema.TryGetProperty("prefixItems", out _)
            ? "array" : null;
    }

    /// <summary>Whether a schema itself says something of an object's properties.</summary>
    public static bool SaysOfObjects(JsonElement schema) => schema.TryGetProperty("properties", out _)
        || schema.TryGetProperty("required", out _) || schema.TryGetProperty("additionalProperties", out _);

    static bool IsWhole(string name, string[] outer) => name == "integer" && outer.Contains("number");

    static bool IsOf(string[] types, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => types.Contains("object"),
        JsonValueKind.Array => types.Contains("array"),
        JsonValueKind.String => types.Contains("string"),
        JsonValueKind.Number => types.Contains("number")
            || (types.Contains("integer") && double.IsInteger(value.GetDouble())),
        JsonValueKind.Null => types.Contains("null"),
        _ => types.Contains("boolean"),
    };

    static EngineRefusalException Unexpected(JsonElement value, string word, string expected, string where) =>
        JsonGrammar.Bad(where, $"has {Kind(value)} in {word}, where {expected} was expected");

    public static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };
}
