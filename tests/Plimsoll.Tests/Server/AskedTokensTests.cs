using System;
using System.Text.Json;
using Plimsoll.Core.Models;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Server.Api;
using Plimsoll.Server.Gateway;
using Shouldly;
using SkiaSharp;
using Xunit;

namespace Plimsoll.Tests.Server;

/// <summary>What a request with images comes to, told without decoding them.</summary>
public sealed class AskedTokensTests
{
    const string Question = "What is on it?";

    /// <summary>Noise does not compress: three bytes a pixel, four letters of base64 for three.</summary>
    static readonly string _large = Picture(1024, 1024, SKEncodedImageFormat.Png);

    [Theory]
    [InlineData("Gemma-3-4B-vision", 256)]
    [InlineData("Qwen2-VL-7B", 1369)]
    [InlineData(null, 1369)]
    public void An_image_counts_as_its_models_rule_says(string? model, int tokens)
    {
        _large.Length.ShouldBeGreaterThan(1 << 20);
        var spec = model is null ? null : Catalogue.BuiltIn.FindModel(model);
        Of(Chat(_large), spec).ShouldBeInRange(tokens, tokens + 100);
        Of(Response(_large), spec).ShouldBeInRange(tokens, tokens + 100);
        var prompt = UpstreamPrompt.Of(Parse(Chat(_large)), 4, 16, spec).ShouldNotBeNull();
        prompt.Tokens.ShouldBeInRange(tokens, tokens + 100);
        prompt.Bytes.ShouldBe(0, "nothing is learnt from it of how many bytes a token has");
    }

    [Theory]
    [InlineData(SKEncodedImageFormat.Jpeg)]
    [InlineData(SKEncodedImageFormat.Webp)]
    [InlineData(SKEncodedImageFormat.Png)]
    public void Sides_are_told_from_the_first_bytes(SKEncodedImageFormat format)
    {
        var qwen = Catalogue.BuiltIn.FindModel("Qwen2-VL-7B");
        Of(Chat(Picture(280, 280, format)), qwen).ShouldBeInRange(100, 200);
        Of(Chat(Picture(560, 560, format)), qwen).ShouldBeInRange(400, 500);
    }

    [Theory]
    [InlineData("https://example.com/cat.png")]
    [InlineData("data:image/png;base64,%%%%")]
    [InlineData("data:image/png;base64,")]
    [InlineData("data:")]
    [InlineData("")]
    public void What_tells_no_sides_counts_as_a_megapixel(string url) =>
        Of(Chat(url), null).ShouldBeInRange(1369, 1469);

    /// <summary>The same image is found in the cache; another one, and what follows it, is not.</summary>
    [Fact]
    public void Images_are_part_of_what_is_cached()
    {
        var other = Picture(1000, 1000, SKEncodedImageFormat.Png);
        var (one, same, two) = (Keys(Chat(_large)), Keys(Chat(_large, "And now?")), Keys(Chat(other)));
        one.AsSpan().CommonPrefixLength(same).ShouldBeInRange(1300 / 16, one.Length);
        one.AsSpan().CommonPrefixLength(two).ShouldBeLessThan(4);

        static ulong[] Keys(string body) => UpstreamPrompt.Of(Parse(body), 4, 16)!.Keys.ToArray();
    }

    [Theory]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":[{"type":5,"image_url":3}]}]}""")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":3}]}]}""")]
    [InlineData("""{"model":"m","messages":["image_url",3,null]}""")]
    [InlineData("""{"model":"m","messages":"image_url"}""")]
    [InlineData("""{"model":"m","messages":[],"image_url":1}""")]
    [InlineData("""{"model":"m","messages":[{"content":[{"type":"image_url","image_url":{"url":null}}]}]}""")]
    public void What_is_in_an_images_place_harms_nobody(string body)
    {
        Of(body, null).ShouldBeLessThan(2000);
        UpstreamPrompt.Of(Parse(body), 4, 16);
    }

    [Fact]
    public void Texts_that_become_vectors_are_a_prompt_without_an_answer()
    {
        var text = new string('a', 400);
        foreach (var (input, tokens) in new[]
        {
            ($"\"{text}\"", 100), ($"[\"{text}\",\"{text}\"]", 200), ("[1,2,3]", 3), ("[[1,2],[3,4]]", 4),
        })
        {
            var prompt = UpstreamPrompt.OfTexts(Parse($$"""{"model":"m","input":{{input}}}"""), 4)
                .ShouldNotBeNull();
            (prompt.Tokens, prompt.OutputTokens, prompt.Streams).ShouldBe((tokens, 1, false));
        }
        UpstreamPrompt.OfTexts(Parse("""{"input":[]}"""), 4).ShouldBeNull();
        UpstreamPrompt.OfTexts(Parse("""{"input":{}}"""), 4).ShouldBeNull();
    }

    static long Of(string body, ModelSpec? model) =>
        AskedTokens.Of("/v1/chat/completions", Parse(body), model).Prompt;

    static JsonElement Parse(string body) => JsonDocument.Parse(body).RootElement;

    static string Chat(string url, string question = Question) =>
        $$$"""{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"{{{url}}}"}},{"type":"text","text":"{{{question}}}"}]}]}""";

    static string Response(string url) =>
        $$"""{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"{{Question}}"},{"type":"input_image","image_url":"{{url}}"}]}]}""";

    static string Picture(int width, int height, SKEncodedImageFormat format)
    {
        using var bitmap = new SKBitmap(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        new Random(1).NextBytes(bitmap.GetPixelSpan());
        using var data = bitmap.Encode(format, 90);
        return $"data:image/{format};base64,{Convert.ToBase64String(data.Span)}";
    }
}
