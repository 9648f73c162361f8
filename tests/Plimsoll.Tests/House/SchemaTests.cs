using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Plimsoll.Inputs.Profiles;
using Plimsoll.Planning.Accounts;
using Plimsoll.Planning.Claims;
using Plimsoll.Planning.Compare;
using Plimsoll.Planning.Plans;
using Plimsoll.Planning.Simulation;
using Plimsoll.Planning.Validation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.House;

/// <summary>
/// The published schemas say what is written: every name, in order, with its type, as the types themselves
/// have it. What a schema says beyond that (constants, descriptions) is its own.
/// </summary>
public sealed class SchemaTests
{
    static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        RespectNullableAnnotations = true,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    static readonly JsonSchemaExporterOptions Exporter = new() { TreatNullObliviousAsNonNullable = true };

    [Theory]
    [InlineData("account", typeof(AccountDocument))]
    [InlineData("simulate", typeof(SimulationDocument))]
    [InlineData("profile", typeof(CalibrationProfile))]
    [InlineData("machine-profile", typeof(MachineProfile))]
    [InlineData("validate", typeof(ValidationDocument))]
    [InlineData("plan", typeof(PlanDocument))]
    [InlineData("claims", typeof(ClaimsDocument))]
    [InlineData("compare", typeof(CompareDocument))]
    public void A_published_schema_is_that_of_the_type(string name, Type type)
    {
        var file = Repository.File("docs", "reference", $"{name}.schema.json");
        if (Environment.GetEnvironmentVariable("PLIMSOLL_WRITE_DOCS") is { Length: > 0 }
            && !File.Exists(file))
        {
            File.WriteAllText(file, Begun(type));
        }
        var published = Shape(JsonNode.Parse(File.ReadAllText(file))!, "$").ToList();
        var generated = Options.GetJsonSchemaAsNode(type, Exporter);

        var written = Shape(generated, "$", generated).ToList();
        published.Except(written).ShouldBeEmpty();
        written.Except(published).ShouldBeEmpty();
        published.ShouldBe(written, $"docs/reference/{name}.schema.json");
    }

    /// <summary>A schema to begin with, nothing referred to, where a type has none yet.</summary>
    static string Begun(Type type)
    {
        var root = Options.GetJsonSchemaAsNode(type, Exporter);
        return Whole(root, root).ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";
    }

    static JsonNode Whole(JsonNode node, JsonNode root)
    {
        if (node is JsonArray list)
            return new JsonArray([.. list.Select(item => item is null ? null : Whole(item, root))]);
        if (node is not JsonObject found)
            return node.DeepClone();
        if (found["$ref"]?.GetValue<string>() is { } pointer)
            found = (JsonObject)Resolve(root, pointer);
        var whole = new JsonObject();
        foreach (var (name, value) in found)
            whole[name] = value is null ? null : Whole(value, root);
        return whole;
    }

    /// <summary>One line per value: its path and what it may be.</summary>
    static IEnumerable<string> Shape(JsonNode schema, string path, JsonNode? root = null)
    {
        if (schema["$ref"]?.GetValue<string>() is { } pointer)
            schema = Resolve(root!, pointer);
        yield return $"{path}: {string.Join('|', Types(schema).Order())}";
        if (schema["properties"] is JsonObject properties)
        {
            foreach (var (name, value) in properties)
            {
                foreach (var line in Shape(value!, $"{path}.{name}", root))
                    yield return line;
            }
        }
        if (schema["items"] is { } items)
        {
            foreach (var line in Shape(items, path + "[]", root))
                yield return line;
        }
        if (schema["additionalProperties"] is JsonObject any)
        {
            foreach (var line in Shape(any, path + ".*", root))
                yield return line;
        }
    }

    static JsonNode Resolve(JsonNode root, string pointer) => pointer.TrimStart('#').Split('/').Skip(1)
        .Aggregate(root, (node, key) => node is JsonArray list ? list[int.Parse(key)]! : node[key]!);

    static IEnumerable<string> Types(JsonNode schema)
    {
        if (schema["const"] is not null)
            return ["string"];
        if (schema["enum"] is JsonArray choices)
            return choices.Select(c => c is null ? "null" : "string").Distinct();
        return schema["type"] switch
        {
            JsonArray several => several.Select(t => t!.GetValue<string>()),
            { } one => [one.GetValue<string>()],
            null => ["any"],
        };
    }
}
