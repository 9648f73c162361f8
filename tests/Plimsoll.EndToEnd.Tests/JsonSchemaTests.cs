using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests;

/// <summary>What --json prints is what the published schemas say: every name, no other, in order.</summary>
public sealed class JsonSchemaTests
{
    [Theory]
    [InlineData("account", "--tp", "8", "--requests", "3000")]
    [InlineData("account", "--model", "Qwen3-30B-A3B", "--gpu", "mi300x", "--price", "1.9", "--requests",
        "1000", "--tp", "1")]
    [InlineData("simulate", "--tp", "8", "--requests", "3000", "--rate", "5")]
    [InlineData("simulate", "--tp", "8", "--requests", "300", "--rate", "5", "--workload", "chat:batch=0.3")]
    [InlineData("simulate", "--tp", "8", "--requests", "300", "--rate", "5", "--policy", "slack",
        "--batch-workload", "summarisation", "--draft-acceptance", "0.7,0.5", "--max-drafts", "2")]
    [InlineData("validate", "--set", "kv-capacity")]
    [InlineData("validate", "--set", "vllm-experiments")]
    [InlineData("simulate", "--tp", "8", "--requests", "300", "--rate", "5", "--replicas", "2", "--router",
        "prefix-affinity")]
    public void The_output_follows_its_schema(params string[] arguments)
    {
        if (arguments.Contains("vllm-experiments"))
        {
            Assert.SkipUnless(Directory.Exists(SharedData()), "the shared data is not here");
            arguments = [.. arguments, "--data", SharedData()];
        }
        var result = PlimsollProcess.Run([.. arguments, "--json"]);
        result.ExitCode.ShouldBe(0, result.Story);
        CheckText(result.Output, arguments[0]);
    }

    /// <summary>Checks the JSON of a file against the schema of that name.</summary>
    internal static void Check(string file, string schema) => CheckText(File.ReadAllText(file), schema);

    static void CheckText(string json, string name)
    {
        using var schema = JsonDocument.Parse(File.ReadAllText(SchemaFile(name)));
        using var document = JsonDocument.Parse(json);
        Check(document.RootElement, schema.RootElement, "$");
    }

    static void Check(JsonElement value, JsonElement schema, string path)
    {
        if (schema.TryGetProperty("const", out var constant))
        {
            value.GetString().ShouldBe(constant.GetString(), path);
        }
        else if (schema.TryGetProperty("enum", out var choices))
        {
            choices.EnumerateArray().Select(c => c.GetString()).ShouldContain(value.GetString(), path);
        }
        else if (value.ValueKind == JsonValueKind.Null)
        {
            Types(schema.GetProperty("type")).ShouldContain("null", path);
        }
        else if (schema.TryGetProperty("additionalProperties", out var any)
            && any.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in value.EnumerateObject())
                Check(property.Value, any, $"{path}.{property.Name}");
        }
        else if (Types(schema.GetProperty("type")).Contains("object"))
        {
            var properties = schema.GetProperty("properties");
            var required =
                schema.GetProperty("required").EnumerateArray().Select(n => n.GetString()).ToHashSet();
            value.EnumerateObject().Select(p => p.Name).ShouldBe(
                properties.EnumerateObject().Select(p => p.Name)
                    .Where(n => required.Contains(n) || value.TryGetProperty(n, out _)), path);
            foreach (var property in value.EnumerateObject())
                Check(property.Value, properties.GetProperty(property.Name), $"{path}.{property.Name}");
        }
        else if (Types(schema.GetProperty("type")).Contains("array"))
        {
            value.GetArrayLength().ShouldBeGreaterThanOrEqualTo(
                schema.TryGetProperty("minItems", out var least) ? least.GetInt32() : 1, path);
            foreach (var item in value.EnumerateArray())
                Check(item, schema.GetProperty("items"), $"{path}[]");
        }
        else
        {
            Types(schema.GetProperty("type")).ShouldContain(TypeOf(value), path);
        }
    }

    static IEnumerable<string> Types(JsonElement type)
    {
        var names = type.ValueKind == JsonValueKind.Array
            ? type.EnumerateArray().Select(t => t.GetString()!).ToList()
            : [type.GetString()!];
        return names.Contains("number") ? [.. names, "integer"] : names;
    }

    static string TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => value.TryGetInt64(out _) ? "integer" : "number",
        JsonValueKind.String => "string",
        JsonValueKind.Null => "null",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        var other => other.ToString(),
    };

    static string SharedData([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(
        Path.GetDirectoryName(here)!, "..", "..", "..", "shared", "data"));

    static string SchemaFile(string verb, [CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(
        Path.GetDirectoryName(here)!, "..", "..", "docs", "reference", $"{verb}.schema.json"));
}
