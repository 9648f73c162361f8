using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Plimsoll.Engine.Grammars;

/// <summary>A schema and a part of its anyOf that only adds to it, as one schema.</summary>
static class Joined
{
    static readonly string[] _whole = ["const", "enum", "anyOf", "oneOf", "allOf", "$ref", "not"];

    /// <summary>Whether a part says nothing of what the value is, or just what the schema says.</summary>
    public static bool IsPart(JsonElement schema, JsonElement part) =>
        part.ValueKind == JsonValueKind.Object && schema.TryGetProperty("type", out var type)
        && !_whole.Any(word => part.TryGetProperty(word, out _))
        && (!part.TryGetProperty("type", out var own) || JsonElement.DeepEquals(own, type));

    public static JsonElement Of(JsonElement schema, JsonElement part, string where)
    {
        var outer = JsonObject.Create(schema)!.DeepClone().AsObject();
        outer.Remove("anyOf");
        var inner = JsonObject.Create(part)!.DeepClone().AsObject();
        if (SchemaWords.SaysOfObjects(schema) || SchemaWords.SaysOfObjects(part))
        {
            return JsonSerializer.SerializeToElement(
                new JsonObject { ["allOf"] = new JsonArray(outer, inner) });
        }
        foreach (var (word, value) in inner)
        {
            if (!outer.TryAdd(word, value?.DeepClone()) && !JsonNode.DeepEquals(outer[word], value))
                throw JsonGrammar.Bad(where, $"says \"{word}\" twice, differently");
        }
        return JsonSerializer.SerializeToElement(outer);
    }
}
