using System;
using System.IO;
using System.Net.Http;
using System.Text;
using System.Text.Json;
using System.Threading.Tasks;
using Plimsoll.Engine.Placeholder;
using Plimsoll.Server.Configuration;
using Plimsoll.Tests.Engine.LlamaCpp;
using Shouldly;
using SkiaSharp;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>Images in chats, through a projector of random weights.</summary>
public sealed class ImageServeTests
{
    const int ImageTokens = 64;

    [Fact]
    public async Task An_image_is_part_of_the_prompt_counted_billed_and_cached()
    {
        await using var server = await StartAsync();
        var text = (await AskAsync(server, Chat(null))).Usage.GetProperty("prompt_tokens").GetInt32();
        var (_, usage) = await AskAsync(server, Chat(Png(40, 24)));
        usage.GetProperty("prompt_tokens").GetInt32()
            .ShouldBeInRange(text + ImageTokens - 4, text + ImageTokens + 4);
        usage.GetProperty("cost").GetDouble().ShouldBeGreaterThan(0);
        (_, usage) = await AskAsync(server, Chat(Png(40, 24)));
        usage.GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32()
            .ShouldBeGreaterThan(ImageTokens / 2);
        var (status, body, _) = await server.PostAsync("/v1/responses", $$$"""
            {"model": "eye", "max_output_tokens": 4, "input": [{"role": "user", "content": [
            {"type": "input_text", "text": "What?"}, {"type": "input_image", "image_url": "{{{Png(8, 8)}}}"}]}]}
            """);
        status.ShouldBe(200, body.ToString());
        body.GetProperty("usage").GetProperty("input_tokens").GetInt32().ShouldBeGreaterThan(ImageTokens);
        var streamed = Chat(Png(24, 40)).Replace("\"n\"", "\"stream\": true, \"n\"");
        using var stream = await server.Client.PostAsync("/v1/chat/completions",
            new StringContent(streamed, Encoding.UTF8, "application/json"));
        (await stream.Content.ReadAsStringAsync()).TrimEnd().ShouldEndWith("data: [DONE]");
    }

    [Theory]
    [InlineData("https://example.com/cat.png", "not fetched")]
    [InlineData("file:///etc/passwd", "not fetched")]
    [InlineData("data:image/png,xyz", "base64")]
    [InlineData("data:image/png;base64,%%%", "is not base64")]
    [InlineData("data:image/png;base64,aGVsbG8=", "no image that can be read")]
    [InlineData("data:image/png;base64,", "no image that can be read")]
    [InlineData("cut", "damaged or ends too early")]
    [InlineData("huge", "60000 by 60000 pixels")]
    public async Task What_is_no_image_is_refused_and_the_server_lives(string url, string problem)
    {
        await using var server = await StartAsync();
        url = url switch { "cut" => Cut(Png(64, 64)), "huge" => Huge(), _ => url };
        var (status, body, _) = await server.PostAsync("/v1/chat/completions", Chat(url));
        status.ShouldBe(400);
        var error = body.GetProperty("error");
        error.GetProperty("type").GetString().ShouldBe("invalid_request_error");
        error.GetProperty("message").GetString()!.ShouldContain(problem);
        error.GetProperty("param").GetString().ShouldBe("messages[0].content[1].image_url");
        await AskAsync(server, Chat(Png(8, 8)));
    }

    [Fact]
    public async Task A_model_without_a_projector_refuses_images()
    {
        await using var server = await StartAsync();
        var (status, body, _) = await server.PostAsync(
            "/v1/chat/completions", Chat(Png(8, 8)).Replace("\"eye\"", "\"blind\""));
        status.ShouldBe(400);
        body.GetProperty("error").GetProperty("message").GetString()!.ShouldContain("takes text parts only");
    }

    static async Task<(JsonElement Body, JsonElement Usage)> AskAsync(RunningServer server, string request)
    {
        var (status, body, _) = await server.PostAsync("/v1/chat/completions", request);
        status.ShouldBe(200, body.ToString());
        return (body, body.GetProperty("usage"));
    }

    static string Chat(string? url)
    {
        var image = url is null ? "" : $$$""", {"type": "image_url", "image_url": {"url": "{{{url}}}"}}""";
        return $$$"""
            {"model": "eye", "max_tokens": 4, "n": 1, "messages": [{"role": "user", "content": [
            {"type": "text", "text": "What is this?"}{{{image}}}]}]}
            """;
    }

    static string Png(int width, int height)
    {
        using var bitmap = new SKBitmap(width, height);
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
                bitmap.SetPixel(x, y, new SKColor((byte)(x * 37), (byte)(y * 53), (byte)(x * y)));
        }
        using var data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return "data:image/png;base64," + Convert.ToBase64String(data.ToArray());
    }

    static string Cut(string url) => url[..(url.Length / 2 / 4 * 4 + (url.IndexOf(',') + 1) % 4)];

    /// <summary>A picture of 64 by 64 whose header says 60,000 by 60,000, its check sum right.</summary>
    static string Huge()
    {
        var url = Png(64, 64);
        var bytes = Convert.FromBase64String(url[(url.IndexOf(',') + 1)..]);
        foreach (var at in new[] { 16, 20 })
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(at), 60_000);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(
            bytes.AsSpan(29), Crc(bytes.AsSpan(12, 17)));
        return "data:image/png;base64," + Convert.ToBase64String(bytes);
    }

    static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320);
        }
        return ~crc;
    }

    static Task<RunningServer> StartAsync() => RunningServer.StartAsync(config =>
    {
        var model = Path.Combine(config.State, "model.gguf");
        var projector = Path.Combine(config.State, "mmproj.gguf");
        PlaceholderModel.Make(new()).Save(model);
        TestProjector.Make("mlp", new PlaceholderModel.Shape().Embedding).Save(projector);
        config.Models =
        [
            new ModelConfig { Name = "eye", PriceUsdPerHour = 1, Llama = Llama(model, projector) },
            new ModelConfig { Name = "blind", PriceUsdPerHour = 1, Llama = Llama(model, null) },
        ];
    });

    static LlamaConfig Llama(string model, string? projector) => new()
    {
        Path = model,
        Mmproj = projector,
        KvTokens = 4096,
        MaxNumBatchedTokens = 64,
        Cache = Path.Combine(Path.GetDirectoryName(model)!, "cache"),
    };
}
