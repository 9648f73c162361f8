using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;

namespace Plimsoll.Engine.Grammars;

/// <summary>
/// A JSON schema as a grammar: every text that the grammar gives is valid JSON of the schema. What
/// the grammar cannot say is refused by name, never passed over; properties come in the order in
/// which the schema has them.
/// </summary>
public sealed class JsonGrammar
{
    const int Deepest = 64;
    const int MostRules = 5000;
    const int MostReferences = 1000;

    /// <summary>Words of a schema that say nothing of what is valid.</summary>
    static readonly HashSet<string> _remarks =
    [
        "title", "description", "default", "examples", "example", "$schema", "$id", "$comment", "deprecated",
            "readOnly",
        "writeOnly", "$defs", "definitions", "contentMediaType", "contentEncoding", "$anchor", "strict",
            "nullable",
    ];

    readonly GrammarRules _rules = new();
    readonly Dictionary<string, string> _references = new(StringComparer.Ordinal);
    readonly Queue<(string Name, string Reference, JsonElement Schema)> _pending = [];
    readonly JsonElement _root;
    int _depth;

    JsonGrammar(JsonElement root) => _root = root;

    /// <summary>GBNF of a schema; of any JSON object where there is none.</summary>
    public static string Of(string? schema)
    {
        if (schema is null)
            return Of("""{"type": "object"}""");
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(schema, new JsonDocumentOptions { MaxDepth = Deepest });
        }
        catch (JsonException e)
        {
            throw Bad("$", $"is no JSON: {e.Message.Split('.')[0]}");
        }
        using (document)
        {
            var grammar = new JsonGrammar(document.RootElement);
            var root = grammar.Rule(document.RootElement, "$");
            grammar.DefineReferences();
            return GbnfGrammar.Check($"root ::= {root}\n{grammar._rules}");
        }
    }

    internal static EngineRefusalException Bad(string where, string problem) =>
        new($"response_format: schema {where} {problem}");

    /// <summary>An expression for what a schema allows.</summary>
    string Rule(JsonElement schema, string where)
    {
        if (++_depth > Deepest)
            throw Bad(where, $"is nested more than {Deepest} deep");
        if (_rules.Count > MostRules)
            throw Bad(where, "makes too large a grammar");
        var expression = schema.ValueKind switch
        {
            JsonValueKind.True => _rules.Value,
            JsonValueKind.Object => OfObject(schema, where),
            _ => throw Bad(where, "is neither an object nor true; nothing can be valid under it"),
        };
        _depth--;
        return expression;
    }

    string OfObject(JsonElement schema, string where)
    {
        if (schema.TryGetProperty("$ref", out var reference))
            return Reference(SchemaWords.Text(reference, "$ref", where), where);
        if (schema.TryGetProperty("const", out var constant))
        {
            SchemaWords.MustBeOfType(schema, constant, "const", where);
            return Only(schema, where, ["const", "type"], GrammarRules.Literal(constant.GetRawText()));
        }
        if (schema.TryGetProperty("enum", out var values))
        {
            if (values.ValueKind != JsonValueKind.Array || values.GetArrayLength() == 0)
                throw Bad(where, "has an empty enum; nothing can be valid under it");
            foreach (var value in values.EnumerateArray())
                SchemaWords.MustBeOfType(schema, value, "enum", where);
            var literals = values.EnumerateArray().Select(value => GrammarRules.Literal(Compact(value)));
            return Only(schema, where, ["enum", "type"], $"({string.Join(" | ", literals)})");
        }
        foreach (var word in new[] { "anyOf", "oneOf" })
        {
            if (schema.TryGetProperty(word, out var choices))
                return Choice(schema, choices, word, where);
        }
        if (schema.TryGetProperty("allOf", out var parts))
            return AllOf(schema, parts, where);
        return OfType(schema, where);
    }

    string Choice(JsonElement schema, JsonElement choices, string word, string where)
    {
        if (choices.ValueKind != JsonValueKind.Array || choices.GetArrayLength() == 0)
            throw Bad(where, $"has an empty {word}; nothing can be valid under it");
        var parts = choices.EnumerateArray().ToList();
        if (word == "anyOf" && parts.TrueForAll(part => Joined.IsPart(schema, part)))
            parts = [.. parts.Select(part => Joined.Of(schema, part, where))];
        else
            Only(schema, where, [word, "type"], "");
        foreach (var part in parts)
            SchemaWords.MustAgree(schema, part, word, where, Resolved);
        var rules = parts.Select((part, i) => Rule(part, $"{where}.{word}[{i}]")).ToList();
        return $"({string.Join(" | ", rules)})";
    }

    /// <summary>One part is itself; objects are put together; anything else cannot be said.</summary>
    string AllOf(JsonElement schema, JsonElement parts, string where)
    {
        var list = new List<JsonElement>();
        Gather(parts, list, where, 0);
        Only(schema, where, ["allOf", "type", .. _objectWords], "");
        if (SchemaWords.SaysOfObjects(schema))
            list.Add(schema);
        if (list.Count == 1)
        {
            SchemaWords.MustAgree(schema, list[0], "allOf", where, Resolved);
            return Rule(list[0], $"{where}.allOf[0]");
        }
        var shape = new ObjectShape(where);
        foreach (var part in list)
        {
            Only(part, where, ["type", "properties", "required", "additionalProperties", "allOf"], "");
            if (part.TryGetProperty("type", out _) || SchemaWords.Implied(part) is not null)
                SchemaWords.MustAgree(schema, part, "allOf", where, Resolved);
            shape.Add(part);
        }
        return ObjectOf(shape, where);
    }

    /// <summary>The parts, and those of parts that are put together themselves.</summary>
    void Gather(JsonElement parts, List<JsonElement> list, string where, int depth)
    {
        if (depth > Deepest)
            throw Bad(where, $"is nested more than {Deepest} deep");
        foreach (var part in SchemaWords.List(parts, "allOf", where).Select(Resolved))
        {
            var isAll = part.ValueKind == JsonValueKind.Object && part.TryGetProperty("allOf", out _);
            if (isAll)
                Gather(part.GetProperty("allOf"), list, where, depth + 1);
            if (!isAll || SchemaWords.SaysOfObjects(part))
                list.Add(part);
        }
    }

    JsonElement Resolved(JsonElement schema) =>
        schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("$ref", out var reference)
            ? Find(SchemaWords.Text(reference, "$ref", "$"), "$")
            : schema;

    string OfType(JsonElement schema, string where)
    {
        if (!schema.TryGetProperty("type", out var type))
        {
            return SchemaWords.Implied(schema) is { } implied ? OfNamedType(schema, implied, where)
                : Only(schema, where, [], _rules.Value);
        }
        if (type.ValueKind == JsonValueKind.String)
            return OfNamedType(schema, type.GetString()!, where);
        var choices = SchemaWords.Types(type, where).Select(one => OfNamedType(schema, one, where, one));
        return $"({string.Join(" | ", choices)})";
    }

    static readonly string[] _objectWords = ["properties", "required", "additionalProperties"];
    static readonly string[] _arrayWords = ["items", "prefixItems", "minItems", "maxItems"];
    static readonly string[] _stringWords = ["minLength", "maxLength", "pattern", "format"];
    static readonly string[] _numberWords = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];

    /// <param name="one">In a list of types, the one that is meant: words of the others are
    /// not its own.</param>
    string OfNamedType(JsonElement schema, string type, string where, string? one = null)
    {
        var words = type switch
        {
            "object" => _objectWords,
            "array" => _arrayWords,
            "string" => _stringWords,
            "integer" or "number" => _numberWords,
            "boolean" or "null" => [],
            _ => throw Bad(where, $"has the unknown type \"{type}\""),
        };
        string[] known = one is null ? ["type", .. words]
            : ["type", .. _objectWords, .. _arrayWords, .. _stringWords, .. _numberWords];
        Only(schema, where, known, "");
        switch (type)
        {
            case "object":
                var shape = new ObjectShape(where);
                shape.Add(schema);
                return ObjectOf(shape, where);
            case "array":
                return ArrayOf(schema, where);
            case "string":
                return StringOf(schema, where);
            case "integer":
                return NumberGrammar.Integer(schema, _rules, where);
            case "number":
                return NumberGrammar.Number(schema, _rules, where);
            case "boolean":
                return """("true" | "false")""";
            default:
                return "\"null\"";
        }
    }

    /// <summary>
    /// An object: rule by rule from the last property to the first, each knowing whether a comma is due, so
    /// that any choice of optional ones is in order.
    /// </summary>
    string ObjectOf(ObjectShape shape, string where)
    {
        var space = _rules.Space;
        string? more = null;
        if (shape.Additional is { } open)
        {
            var value = open.ValueKind == JsonValueKind.Undefined ? _rules.Value : Rule(open, where + ".*");
            more = $"{KeyBut(shape.Names)} \":\" {space} {value}";
        }
        var rest = more is null ? "" : _rules.Add($"(\",\" {space} {more})*");
        var first = more is null ? "" : _rules.Add($"({more} {rest})?");
        for (var i = shape.Properties.Count - 1; i >= 0; i--)
        {
            var (name, schema) = shape.Properties[i];
            var pair =
                _rules.Add(
                $"{GrammarRules.Literal(JsonSerializer.Serialize(name))} \":\" {space} "
                    + $"{Rule(schema, $"{where}.{name}")}");
            var isRequired = shape.Required.Contains(name);
            first = isRequired ? _rules.Add($"{pair} {rest}")
                : _rules.Add($"{pair} {rest} | {(first.Length > 0 ? first : "\"\"")}");
            rest = _rules.Add(
                isRequired ? $"\",\" {space} {pair} {rest}" : $"(\",\" {space} {pair})? {rest}");
        }
        return _rules.Add($"\"{{\" {space} {first} {space} \"}}\"");
    }

    /// <summary>A key that is none of these names.</summary>
    string KeyBut(IReadOnlyCollection<string> names) =>
        names.Count == 0 ? _rules.String : KeyTrie.Of(names, _rules);

    string ArrayOf(JsonElement schema, string where)
    {
        var space = _rules.Space;
        var least = Count(schema, "minItems", where) ?? 0;
        var most = Count(schema, "maxItems", where);
        if (most < least)
            throw Bad(where, "has more items at least than at most; nothing can be valid under it");
        var items = schema.TryGetProperty("prefixItems", out var prefix)
            ? SchemaWords.List(prefix, "prefixItems", where)
                .Select((item, i) => Rule(item, $"{where}.prefixItems[{i}]")).ToList()
            : [];
        if (items.Count > 0)
        {
            if (least > items.Count || most < items.Count
                || (schema.TryGetProperty("items", out var others)
                && others.ValueKind != JsonValueKind.False))
            {
                throw Bad(where, "has items beside its prefixItems, which is not known");
            }
            return _rules.Add($"\"[\" {space} {string.Join($" \",\" {space} ", items)} {space} \"]\"");
        }
        var item = schema.TryGetProperty("items", out var one) ? Rule(one, where + ".items") : _rules.Value;
        if (most == 0)
            return _rules.Add($"\"[\" {space} \"]\"");
        var tail = $"(\",\" {space} {item}){{{Math.Max(0, least - 1)},{(most - 1)?.ToString() ?? ""}}}";
        return _rules.Add(least == 0
            ? $"\"[\" {space} ({item} {tail})? {space} \"]\""
            : $"\"[\" {space} {item} {tail} {space} \"]\"");
    }

    string StringOf(JsonElement schema, string where)
    {
        var least = Count(schema, "minLength", where);
        var most = Count(schema, "maxLength", where);
        if (most < least)
            throw Bad(where, "is longer at least than at most; nothing can be valid under it");
        if (schema.TryGetProperty("pattern", out var pattern))
        {
            if (least is not null || most is not null)
                throw Bad(where, "has a pattern and a length, which cannot be said together");
            var text = PatternGrammar.Of(SchemaWords.Text(pattern, "pattern", where), where);
            return _rules.Add($"\"\\\"\" {text} \"\\\"\"");
        }
        if (schema.TryGetProperty("format", out var format)
            && Format(SchemaWords.Text(format, "format", where)) is { } known)
        {
            return _rules.Add($"\"\\\"\" {known} \"\\\"\"");
        }
        return least is null && most is null
            ? _rules.String
            : _rules.Add($"\"\\\"\" {_rules.Character}{{{least ?? 0},{most?.ToString() ?? ""}}} \"\\\"\"");
    }

    string? Format(string format) => format switch
    {
        "date" => Date,
        "time" => Time,
        "date-time" => $"{Date} \"T\" {Time}",
        "uuid" =>
            "[0-9a-fA-F]{8} \"-\" [0-9a-fA-F]{4} \"-\" [0-9a-fA-F]{4} \"-\" [0-9a-fA-F]{4} \"-\" "
                + "[0-9a-fA-F]{12}",
        _ => null,
    };

    const string Date = """[0-9]{4} "-" ("0" [1-9] | "1" [0-2]) "-" ("0" [1-9] | "1" [0-9] | "2" [0-8])""";
    const string Time = """([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9] ("." [0-9]{1,9})? ("Z" | [-+] ([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9])""";

    static int? Count(JsonElement schema, string word, string where)
    {
        if (!schema.TryGetProperty(word, out var value))
            return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var count)
            && count is >= 0 and <= 2000
            ? count : throw Bad(where, $"has a {word} that is not between 0 and 2000");
    }

    string Reference(string reference, string where)
    {
        if (_references.TryGetValue(reference, out var known))
            return known;
        if (_references.Count == MostReferences)
            throw Bad(where, $"refers to more than {MostReferences} places");
        var name = _rules.Reserve();
        _references[reference] = name;
        _pending.Enqueue((name, reference, Find(reference, where)));
        return name;
    }

    /// <summary>One after the other, so that a long chain of references is no deep recursion.</summary>
    void DefineReferences()
    {
        while (_pending.TryDequeue(out var next))
            _rules.Define(next.Name, Rule(next.Schema, next.Reference));
    }

    JsonElement Find(string reference, string where)
    {
        if (!reference.StartsWith('#'))
            throw Bad(where, $"refers to \"{reference}\"; only references into itself (#/…) are known");
        var place = _root;
        foreach (var part in reference.Split('/').Skip(1))
        {
            var key = Uri.UnescapeDataString(part).Replace("~1", "/").Replace("~0", "~");
            if (place.ValueKind == JsonValueKind.Array && int.TryParse(key, out var index)
                && (uint)index < (uint)place.GetArrayLength())
            {
                place = place[index];
            }
            else if (place.ValueKind != JsonValueKind.Object || !place.TryGetProperty(key, out place))
            {
                throw Bad(where, $"refers to \"{reference}\", which is not there");
            }
        }
        return place;
    }

    /// <summary>
    /// The expression, if the schema says nothing beside these words that changes what is valid.
    /// </summary>
    static string Only(JsonElement schema, string where, ReadOnlySpan<string> words, string expression)
    {
        if (schema.ValueKind != JsonValueKind.Object)
            throw Bad(where, $"has {SchemaWords.Kind(schema)} where a schema that is an object was expected");
        foreach (var property in schema.EnumerateObject())
        {
            if (words.IndexOf(property.Name) < 0 && !_remarks.Contains(property.Name))
                throw Bad(where, $"uses \"{property.Name}\", which cannot be said here");
        }
        return expression;
    }

    static string Compact(JsonElement value) => JsonSerializer.Serialize(value, GrammarRules.Plain);
}
