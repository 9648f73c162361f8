using System.Collections.Generic;
using System.Linq;
using System.Text.Json;

namespace Plimsoll.Engine.Grammars;

/// <summary>The properties of an object schema, or of several that hold at once.</summary>
sealed class ObjectShape(string where)
{
    public List<(string Name, JsonElement Schema)> Properties { get; } = [];

    public HashSet<string> Required { get; } = [];

    /// <summary>
    /// What other properties look like: an undefined element for anything; null where there are none.
    /// </summary>
    public JsonElement? Additional { get; private set; }

    public IReadOnlyCollection<string> Names => [.. Properties.Select(property => property.Name)];

    public void Add(JsonElement schema)
    {
        if (schema.TryGetProperty("type", out var type)
            && !SchemaWords.Types(type, where).Contains("object"))
        {
            throw JsonGrammar.Bad(
                where, "puts an object together with something else; nothing can be valid under both");
        }
        var any = false;
        if (schema.TryGetProperty("properties", out var properties))
        {
            foreach (var property in SchemaWords.Members(properties, "properties", where))
            {
                any = true;
                var known = Properties.FindIndex(other => other.Name == property.Name);
                if (known < 0)
                    Properties.Add((property.Name, property.Value));
                else if (!JsonElement.DeepEquals(Properties[known].Schema, property.Value))
                    throw JsonGrammar.Bad(where, $"describes \"{property.Name}\" twice, differently");
            }
        }
        if (schema.TryGetProperty("required", out var required))
        {
            foreach (var name in SchemaWords.List(required, "required", where))
                Required.Add(SchemaWords.Text(name, "required", where));
        }
        if (schema.TryGetProperty("additionalProperties", out var additional))
        {
            Additional = additional.ValueKind == JsonValueKind.False ? null
                : additional.ValueKind == JsonValueKind.True ? default(JsonElement) : additional;
        }
        else if (!any && Properties.Count == 0)
        {
            Additional = default(JsonElement);
        }
        foreach (var name in Required)
        {
            if (!Properties.Exists(property => property.Name == name))
            {
                Properties.Add((name, additional.ValueKind == JsonValueKind.Object ? additional
                    : additional.ValueKind == JsonValueKind.False
                        ? throw JsonGrammar.Bad(
                            where, $"requires \"{name}\" and forbids it; nothing can be valid under it")
                        : _anything));
            }
        }
        if (any && !schema.TryGetProperty("additionalProperties", out _))
            Additional = null;
    }

    static readonly JsonElement _anything = JsonDocument.Parse("true").RootElement.Clone();
}
