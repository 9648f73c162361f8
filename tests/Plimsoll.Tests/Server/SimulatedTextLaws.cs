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

    /// <summary>However the text is cut into pieces, the answer ends where a search in the whole text ends
    /// it.</summary>
    [Fact]
    public void Stop_texts_are_found_across_pieces() =>
        Gen.Select(Gen.Char["ab "].Array[0, 40], Gen.String[Gen.Char["ab "], 1, 3].Array[0, 3], Gen.Int[1, 5])
            .Sample((chars, stops, size) =>
        {
            var text = new string(chars);
            var firsts = stops.Select(stop => text.IndexOf(stop, StringComparison.Ordinal))
                .Where(at => at >= 0).ToArray();
            var expected = firsts.Length > 0 ? text[..firsts.Min()] : text;
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
            // A piece may bring a second, earlier-beginning stop text with the one that completes first.
            shown.ToString().ShouldBe(expected);
        });

    [Theory]
    [InlineData("""{"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer","minimum":3}}}""", """{"name":"calm sea","age":3}""")]
    [InlineData("""{"type":"array","items":{"enum":["x","y"]},"minItems":2}""", """["x","x"]""")]
    [InlineData("""{"$ref":"#/$defs/a","$defs":{"a":{"const":5}}}""", "5")]
    [InlineData("""{"anyOf":[{"type":"boolean"},{"type":"null"}]}""", "true")]
    public void A_schema_gets_a_smallest_instance(string schema, string instance) =>
        JsonElement.DeepEquals(JsonDocument.Parse(SchemaInstance.Of(schema)).RootElement,
            JsonDocument.Parse(instance).RootElement).ShouldBeTrue();

    [Theory]
    [InlineData("not json")]
    [InlineData("""{"$ref":"#/nowhere"}""")]
    [InlineData("""{"$ref":"#"}""")]
    public void A_schema_that_is_none_is_refused(string schema) =>
        Should.Throw<EngineRefusalException>(() => SchemaInstance.Of(schema))
            .Message.ShouldStartWith("json_schema");
}
