using System;
using System.Buffers;
using System.Buffers.Text;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text.Json;
using Plimsoll.Core.Models;
using SkiaSharp;

namespace Plimsoll.Server.Serving;

/// <summary>
/// The images of a body as they are to somebody who passes it on: about how many tokens they are, told from
/// their first bytes, and how much of the body's text is none. Nothing of them is decoded.
/// </summary>
static class BodyImages
{
    /// <summary>Images have their sides in front; a photograph's own preview may come before them.</summary>
    const int MostLookedAt = 128 * 1024;

    /// <summary>More than the largest that any model here makes of one.</summary>
    const int MostTokens = 32 * 1024;

    /// <summary>An image that does not tell its sides: a megapixel, as price lists reckon.</summary>
    static readonly ImageSize _usual = new(1024, 1024);

    /// <summary>A model whose rule is not known: the commonest of rules, up to 4,096 tokens.</summary>
    static readonly ImageRule _usualRule = new("smart28", 4 * 28 * 28, 4096 * 28 * 28);

    /// <summary>Image parts of a chat's messages or of a response's items, in order.</summary>
    public static IEnumerable<JsonElement> In(JsonElement body)
    {
        if (JsonMarshal.GetRawUtf8Value(body).IndexOf("image_url"u8) < 0)
            yield break;
        if (!TryArray(body, "messages", out var messages) && !TryArray(body, "input", out messages))
            yield break;
        foreach (var message in messages.EnumerateArray())
        {
            if (message.ValueKind != JsonValueKind.Object || !TryArray(message, "content", out var content))
                continue;
            foreach (var part in content.EnumerateArray())
            {
                if (IsImage(part))
                    yield return part;
            }
        }
    }

    public static bool IsImage(JsonElement part) => part.ValueKind == JsonValueKind.Object
        && part.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String
        && ImageReader.IsImage(type.GetString()!) && part.TryGetProperty("image_url", out _);

    /// <summary>What of the body it takes, bytes.</summary>
    public static int BytesOf(JsonElement part) => UrlOf(part).Length;

    /// <summary>Prompt tokens that a model makes of it, about.</summary>
    /// <param name="model">Null where it is not known.</param>
    public static int TokensOf(JsonElement part, ModelSpec? model)
    {
        if (model is { Vision: null, ImageTokens: > 0 })
            return Math.Min(model.ImageTokens, MostTokens);
        var rule = model?.Vision?.Rule ?? _usualRule;
        return Math.Clamp(rule.Of(SizeOf(UrlOf(part))).Tokens, 1, MostTokens);
    }

    static bool TryArray(JsonElement holder, string name, out JsonElement array) =>
        holder.TryGetProperty(name, out array) && array.ValueKind == JsonValueKind.Array;

    /// <summary>The address or the image itself, as JSON.</summary>
    static ReadOnlySpan<byte> UrlOf(JsonElement part)
    {
        var image = part.GetProperty("image_url");
        var isWrapped = image.ValueKind == JsonValueKind.Object;
        return JsonMarshal.GetRawUtf8Value(
            isWrapped && image.TryGetProperty("url", out var url) ? url : image);
    }

    static ImageSize SizeOf(ReadOnlySpan<byte> url)
    {
        var begin = ";base64,"u8;
        var at = url.IndexOf(begin);
        if (at < 0)
            return _usual;
        var text = url[(at + begin.Length)..^1];
        text = text[..Math.Min(text.Length, MostLookedAt)];
        var bytes = ArrayPool<byte>.Shared.Rent(Base64.GetMaxDecodedFromUtf8Length(text.Length));
        try
        {
            Base64.DecodeFromUtf8(text, bytes, out _, out var count, isFinalBlock: false);
            if (OfWebp(bytes.AsSpan(0, count)) is { } webp)
                return webp;
            using var data = SKData.CreateCopy(bytes.AsSpan(0, count));
            using var codec = SKCodec.Create(data);
            return codec is { Info: { Width: > 0, Height: > 0 } info }
                ? new ImageSize(info.Width, info.Height) : _usual;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    /// <summary>WebP is read whole or not at all, but for its head; null where it is none.</summary>
    static ImageSize? OfWebp(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 30 || !bytes.StartsWith("RIFF"u8) || !bytes[8..].StartsWith("WEBP"u8))
            return null;
        var kind = bytes[12..16];
        if (kind.SequenceEqual("VP8X"u8))
            return new(1 + Of(bytes[24..]), 1 + Of(bytes[27..]));
        if (kind.SequenceEqual("VP8L"u8))
            return new(1 + (Of(bytes[21..]) & 0x3FFF), 1 + ((Of(bytes[22..]) >> 6) & 0x3FFF));
        var (width, height) = (Of(bytes[26..]) & 0x3FFF, Of(bytes[28..30]) & 0x3FFF);
        return width > 0 && height > 0 ? new(width, height) : null;

        static int Of(ReadOnlySpan<byte> little) =>
            little[0] | (little[1] << 8) | (little.Length > 2 ? little[2] << 16 : 0);
    }
}
