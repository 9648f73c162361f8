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
