using System.Linq;
using System.Text.Json;
using Json.Schema;
using Plimsoll.Core.Draws;
using Plimsoll.Engine;
using Plimsoll.Engine.Grammars;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Engine.Grammars;

/// <summary>
/// Round trips: whatever the grammar can say is valid under the schema, as another library judges.
/// </summary>
public sealed class JsonGrammarTests
{
    const string Person = """
        {"type": "object", "properties": {"name": {"type": "string", "minLength": 1, "maxLength": 8}, "age": {"type": "integer", "minimum": 0,
        "maximum": 130}, "mail": {"type": ["string", "null"]}, "tags": {"type": "array", "items": {"enum": ["a", "b\"c", 3]}, "maxItems": 3}},
        "required": ["name", "tags"], "additionalProperties": false}
        """;

    const string Tree = """
        {"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "properties": {"value": {"type": "number"},
        "children": {"type": "array", "items": {"$ref": "#/$defs/node"}, "maxItems": 2}}, "required": ["value"]}}}
        """;

    public static TheoryData<string> Schemas =>
    [
        Person, Tree,
        """{"type": "object"}""", "true", "{}",
        """{"type": "object", "properties": {"a": {"type": "boolean"}, "ab": {"const": {"x": [1, null]}}}, "additionalProperties": {"type": "integer"}}""",
        """{"type": "object", "additionalProperties": {"type": "string"}}""",
        """{"type": "object", "required": ["x"]}""",
        """{"properties": {"a": {}, "b": {}, "c": {}}, "required": ["b"]}""",
        """{"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "uuid"}, {"type": "null"}]}""",
        """{"allOf": [{"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"properties": {"b": {"type": "null"}}}]}""",
        """{"type": "string", "pattern": "^[A-Z]{2}-\\d{3}(\\.[a-z]+)?(x|yy)*$"}""",
        """{"type": "string", "pattern": "^\"[^a]\\\\$"}""",
        """{"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 2, "items": false}""",
        """{"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 4}""",
        """{"type": "array", "minItems": 1}""",
        """{"type": "integer", "minimum": -117, "maximum": 98}""",
        """{"type": "integer", "exclusiveMinimum": 7, "exclusiveMaximum": 1234}""",
        """{"type": "integer", "minimum": 95}""", """{"type": "integer", "maximum": -3}""",
        """{"type": "number", "minimum": 0, "maximum": 10}""", """{"type": "number", "minimum": 3}""",
        """{"type": "string", "format": "date-time"}""", """{"type": "string", "format": "time"}""",
        """{"anyOf": [{"$ref": "#/$defs/a"}, {"enum": [1, 2.0]}], "type": ["string", "integer"], "$defs": {"a": {"const": "b"}}}""",
        """{"type": "object", "anyOf": [{"properties": {"a": {"type": "null"}}, "required": ["a"]}]}""",
        """{"enum": ["x", 1.50, true, null, {"k": "ü"}]}""",
        """{"allOf": [{"properties": {"a": {"type": "null"}}}], "required": ["a", "b"]}""",
        """{"allOf": [{"allOf": [{"properties": {"a": {"type": "null"}}}], "required": ["a"]}, {"required": ["b"]}]}""",
        """{"type": "object", "properties": {"a": {"type": "null"}, "b": {"const": 1}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}""",
        """{"type": "integer", "anyOf": [{"minimum": 3, "maximum": 12}, {"type": "integer", "maximum": -1}]}""",
        """{"type": "string", "maxLength": 4, "anyOf": [{"minLength": 3}, {"minLength": 1}]}""",
    ];

    [Theory]
    [MemberData(nameof(Schemas))]
    public void What_the_grammar_says_is_valid(string schema)
    {
        var judge = JsonSchema.FromText(schema);
        var grammar = new GrammarText(GbnfGrammar.Read(JsonGrammar.Of(schema)));
        var random = new RandomStream(17);
        for (var i = 0; i < 150; i++)
        {
            var text = grammar.Draw(ref random);
            using var json = JsonDocument.Parse(text);
            judge.Evaluate(json.RootElement, new EvaluationOptions { RequireFormatValidation = true })
                .IsValid.ShouldBeTrue(text);
        }
    }

    [Theory]
    [InlineData(Person, """{"name": "Ann", "age": 12, "tags": ["a", "b\"c"]}""", """{"name": "Ann"}""")]
    [InlineData(Person, """{"name":"Ann","tags":[]}""", """{"name": "Ann", "tags": [], "more": 1}""")]
    [InlineData(Person, """{"name": "A", "mail": null, "tags": [3]}""", """{"name": "", "tags": []}""")]
    [InlineData(Tree, """{"value": -1.5e3, "children": [{"value": 0}]}""", """{"value": 1, "children": [{}]}""")]
    [InlineData("""{"type": "integer", "minimum": -117, "maximum": 98}""", "-117", "-118")]
    [InlineData("""{"type": "integer", "minimum": -117, "maximum": 98}""", "98", "99")]
    [InlineData("""{"type": "integer", "minimum": 95}""", "1000", "94")]
    [InlineData("""{"allOf": [{"properties": {"a": {"type": "null"}}}], "required": ["a"]}""", """{"a": null}""", "{}")]
    [InlineData("""{"type": "object", "properties": {"a": {"type": "null"}}, "anyOf": [{"required": ["a"]}]}""", """{"a": null}""", "{}")]
    [InlineData("""{"type": "object", "additionalProperties": {"type": "integer"}, "properties": {"a": {"type": "null"}}}""", """{"a": null, "aa": 1}""", """{"a": 1}""")]
    public void Valid_texts_are_of_the_grammar_and_others_are_not(string schema, string good, string bad)
    {
        var grammar = new GrammarText(GbnfGrammar.Read(JsonGrammar.Of(schema)));
        grammar.Matches(good).ShouldBeTrue();
        grammar.Matches(bad).ShouldBeFalse();
    }

    [Fact]
    public void Every_integer_between_bounds_is_said_and_no_other()
    {
        foreach (var (least, most) in new[] { (-12, 7), (0, 0), (9, 11), (95, 1003), (-205, -99), (10, 99) })
        {
            var schema = $$"""{"type": "integer", "minimum": {{least}}, "maximum": {{most}}}""";
            var grammar = new GrammarText(GbnfGrammar.Read(JsonGrammar.Of(schema)));
            for (var number = -1100; number <= 1100; number++)
            {
                grammar.Matches(number.ToString())
                    .ShouldBe(number >= least && number <= most, $"{number} in {schema}");
            }
        }
    }

    [Theory]
    [InlineData("nonsense", "is no JSON")]
    [InlineData("false", "nothing can be valid")]
    [InlineData("7", "neither an object nor true")]
    [InlineData("""{"type": "date"}""", "unknown type \"date\"")]
    [InlineData("""{"enum": []}""", "empty enum")]
    [InlineData("""{"anyOf": []}""", "empty anyOf")]
    [InlineData("""{"not": {}}""", "uses \"not\"")]
    [InlineData("""{"type": "integer", "multipleOf": 3}""", "uses \"multipleOf\"")]
    [InlineData("""{"type": "object", "patternProperties": {}}""", "uses \"patternProperties\"")]
    [InlineData("""{"type": "integer", "minimum": 5, "maximum": 4}""", "minimum above its maximum")]
    [InlineData("""{"type": "string", "minLength": 5, "maxLength": 4}""", "nothing can be valid")]
    [InlineData("""{"type": "string", "maxLength": 5000}""", "not between 0 and 2000")]
    [InlineData("""{"type": "string", "pattern": "a"}""", "held at both ends")]
    [InlineData("""{"type": "string", "pattern": "^(?=a)$"}""", "cannot be said")]
    [InlineData("""{"type": "number", "minimum": -0.5}""", "cannot be said")]
    [InlineData("""{"$ref": "http://other"}""", "references into itself")]
    [InlineData("""{"$ref": "#/$defs/none"}""", "is not there")]
    [InlineData("""{"$ref": "#"}""", "begins with itself")]
    [InlineData("""{"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}""", "can never be finished")]
    [InlineData("""{"allOf": "x"}""", "has a string in allOf, where a list was expected")]
    [InlineData("""{"allOf": [5, 6]}""", "an object was expected")]
    [InlineData("""{"type": "array", "prefixItems": 5}""", "has a number in prefixItems, where a list was expected")]
    [InlineData("""{"$ref": 5}""", "has a number in $ref, where a string was expected")]
    [InlineData("""{"allOf": [{"$ref": 5}]}""", "has a number in $ref, where a string was expected")]
    [InlineData("""{"type": "string", "pattern": 5}""", "has a number in pattern, where a string was expected")]
    [InlineData("""{"type": "string", "format": 5}""", "has a number in format, where a string was expected")]
    [InlineData("""{"type": [5]}""", "has a number in type, where a string was expected")]
    [InlineData("""{"type": "object", "required": 5}""", "has a number in required, where a list was expected")]
    [InlineData("""{"type": "object", "required": [5]}""", "has a number in required, where a string was expected")]
    [InlineData("""{"properties": 5}""", "has a number in properties, where an object was expected")]
    [InlineData("""{"const": 5, "type": "string"}""", "const that is not of its type")]
    [InlineData("""{"const": 5.5, "type": ["string", "integer"]}""", "const that is not of its type")]
    [InlineData("""{"enum": ["a", 5], "type": "string"}""", "enum that is not of its type")]
    [InlineData("""{"anyOf": [{"type": "string"}], "type": "integer"}""", "anyOf what its type does not allow")]
    [InlineData("""{"oneOf": [{}, {"type": "null"}], "type": "null"}""", "oneOf what its type does not allow")]
    [InlineData("""{"anyOf": [{"$ref": "#/$defs/a"}], "type": "null", "$defs": {"a": {"const": 1}}}""", "anyOf what its type")]
    [InlineData("""{"allOf": [{"type": "string"}], "type": "integer"}""", "allOf what its type does not allow")]
    [InlineData("""{"type": "object", "required": ["a"], "additionalProperties": false}""", "requires \"a\" and forbids it")]
    public void A_schema_that_cannot_be_kept_is_refused_by_name(string schema, string problem)
    {
        var refusal = Should.Throw<EngineRefusalException>(() => JsonGrammar.Of(schema));
        refusal.Message.ShouldContain(problem);
        refusal.Message.ShouldNotContain('\n');
    }

    [Fact]
    public void A_name_of_absurd_length_beside_open_properties_is_refused()
    {
        string Schema(int length) =>
            $$$"""{"type": "object", "properties": {"{{{new string('a', length)}}}": {}}, "additionalProperties": true}""";
        JsonGrammar.Of(Schema(256)).ShouldNotBeEmpty();
        Should.Throw<EngineRefusalException>(() => JsonGrammar.Of(Schema(50_000)))
            .Message.ShouldContain("longer than 256 characters");
    }

    [Fact]
    public void References_chain_as_long_as_the_grammar_stays_small()
    {
        JsonGrammar.Of(Chain(900)).ShouldContain("\"null\"");
        Should.Throw<EngineRefusalException>(() => JsonGrammar.Of(Chain(25_000)))
            .Message.ShouldContain("refers to more than 1000 places");
    }

    /// <summary>A schema that stands for another, and so on, down to null.</summary>
    static string Chain(int length)
    {
        var links = Enumerable.Range(0, length)
            .Select(i => $$$"""
                "a{{{i}}}": {"$ref": "#/$defs/a{{{i + 1}}}"}
                """);
        return $$$"""
            {"$ref": "#/$defs/a0", "$defs": { {{{string.Join(',', links)}}}, "a{{{length}}}": {"type": "null"} } }
            """;
    }
}
