using System;
using System.Linq;
using System.Text;
using System.Text.Json;
using CsCheck;
using Plimsoll.Engine;
using Plimsoll.Engine.Simulated;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Server;

public sealed class SimulatedTextLaws
{
    static readonly SimulatedCodec Codec = new();

    [Fact]
    public void Any_text_comes_back() => Gen.String.Where(text => !text.Any(char.IsSurrogate)).Sample(text =>
        Codec.Decode(Codec.Encode(text, addSpecial: false)).ShouldBe(text));

    [Fact]
    public void English_has_about_as_many_tokens_as_a_tokenizer_gives_it()
    {
        const string Text =
            "The mark on a ship's hull shows how heavily it may be loaded for the waters it will meet.";
        Codec.Encode(Text, addSpecial: false).Length.ShouldBeInRange(15, 35);
    }

    [Fact]
    public void An_answer_put_back_into_a_prompt_has_the_tokens_it_had() => Gen.ULong.Sample(hash =>
    {
        var words = new SimulatedWords(hash, null, FinishReason.Stop);
        var tokens = Enumerable.Range(0, 40).Select(words.TokenAt).ToArray();
        Codec.Encode(Codec.Decode(tokens), addSpecial: false).ShouldBe(tokens);
    });

    /// <summary>
    /// However the text is cut into pieces, the answer ends before the stop text that is complete first, as
    /// an engine that looks after every token ends it; of two complete at once, before the longer.
    /// </summary>
    [Fact]
    public void Stop_texts_are_found_across_pieces() =>
        Gen.Select(Gen.Char["ab "].Array[0, 40], Gen.String[Gen.Char["ab "], 1, 3].Array[0, 3], Gen.Int[1, 5])
            .Sample((chars, stops, size) =>
        {
            var text = new string(chars);
            var scanner = new StopScanner(stops);
            var shown = new StringBuilder();
            var stopped = false;
            for (var at = 0; at < text.Length && !stopped; at += size)
            {
                (var piece, stopped) = scanner.Add(text[at..Math.Min(text.Length, at + size)]);
                shown.Append(piece);
            }
            if (!stopped)
                shown.Append(scanner.Flush());
            shown.ToString().ShouldBe(UntilFirstStop(text, stops));
        });

    static string UntilFirstStop(string text, string[] stops)
    {
        for (var end = 1; end <= text.Length; end++)
        {
            var complete = stops
                .Where(stop => text.AsSpan(0, end).EndsWith(stop, StringComparison.Ordinal)).ToArray();
            if (complete.Length > 0)
                return text[..(end - complete.Max(stop => stop.Length))];
        }
        return text;
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer","minimum":3}}}""", """{"name":"calm sea","age":3}""")]
    [InlineData("""{"type":"array","items":{"enum":["x","y"]},"minItems":2}""", """["x","x"]""")]
    [InlineData("""{"$ref":"#/$defs/a","$defs":{"a":{"const":5}}}""", "5")]
    [InlineData("""{"anyOf":[{"type":"boolean"},{"type":"null"}]}""", "true")]
    [InlineData("""{"type":"array","items":{"type":"null"},"maxItems":0}""", "[]")]
    [InlineData("""{"type":"array","minItems":1}""", "[null]")]
    [InlineData("""{"type":"string","minLength":10,"maxLength":20}""", "\"calm sea..\"")]
    [InlineData("""{"type":"string","maxLength":4}""", "\"calm\"")]
    [InlineData("""{"type":"integer","exclusiveMinimum":2.5}""", "4")]
    [InlineData("""{"type":"number","maximum":-0.5}""", "-0.5")]
    public void A_schema_gets_a_smallest_instance(string schema, string instance) =>
        JsonElement.DeepEquals(JsonDocument.Parse(SchemaInstance.Of(schema)).RootElement,
            JsonDocument.Parse(instance).RootElement).ShouldBeTrue();

    [Theory]
    [InlineData("not json")]
    [InlineData("""{"$ref":"#/nowhere"}""")]
    [InlineData("""{"$ref":"#"}""")]
    [InlineData("""{"$ref":5}""")]
    [InlineData("""{"type":"zork"}""")]
    [InlineData("""{"type":[]}""")]
    [InlineData("""{"type":[[]]}""")]
    [InlineData("""{"enum":"x"}""")]
    [InlineData("""{"enum":[]}""")]
    [InlineData("""{"type":"array","minItems":-1}""")]
    [InlineData("""{"type":"array","minItems":1000000000}""")]
    [InlineData("""{"type":"string","minLength":"many"}""")]
    [InlineData("""{"type":"number","minimum":1e999}""")]
    [InlineData("""{"properties":{"a":5}}""")]
    public void A_schema_that_is_none_is_refused(string schema) =>
        Should.Throw<EngineRefusalException>(() => SchemaInstance.Of(schema))
            .Message.ShouldStartWith("json_schema");

    /// <summary>Fifteen definitions, each of four of the next, stand for a thousand million values.</summary>
    [Fact]
    public void A_schema_that_doubles_and_doubles_is_refused_at_once()
    {
        const string Four = """
            "aTHIS":{"properties":{"w":{"$ref":"#/$defs/aNEXT"},"x":{"$ref":"#/$defs/aNEXT"},
                "y":{"$ref":"#/$defs/aNEXT"},"z":{"$ref":"#/$defs/aNEXT"}}}
            """;
        var definitions = string.Join(',', Enumerable.Range(0, 15)
            .Select(i => Four.Replace("THIS", $"{i}").Replace("NEXT", $"{i + 1}")));
        var schema = """{"$ref":"#/$defs/a0","$defs":{ALL,"a15":{"type":"null"}}}"""
            .Replace("ALL", definitions);
        Should.Throw<EngineRefusalException>(() => SchemaInstance.Of(schema)).Message
            .ShouldContain("more than 4096 values");
    }
}
