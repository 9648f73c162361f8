using System;
using System.Collections.Generic;
using System.Text.Json;
using Plimsoll.Engine;
using SkiaSharp;

namespace Plimsoll.Server.Serving;

/// <summary>
/// The images of a chat: OpenAI's parts of type <c>image_url</c>, and <c>input_image</c> of responses. They
/// come in the request itself, as <c>data:</c> URLs: this server fetches nothing that a client names.
/// </summary>
static class ImageReader
{
    const int MostImages = 32;

    /// <summary>As many as a picture of 4,096 by 4,096 has; its pixels take 64 MB while it is read.</summary>
    const long MostPixels = 1 << 24;

    public static bool IsImage(string type) => type is "image_url" or "input_image";

    /// <summary>All of a chat, in the order in which they are written.</summary>
    public static List<ImagePixels> Of(JsonElement messages)
    {
        var images = new List<ImagePixels>();
        var message = 0;
        foreach (var one in messages.EnumerateArray())
        {
            if (one.Has("content", out var content) && content.ValueKind == JsonValueKind.Array)
            {
                var part = 0;
                foreach (var piece in content.EnumerateArray())
                {
                    if (IsImage(piece.Text("type") ?? ""))
                        images.Add(Read(piece, $"messages[{message}].content[{part}].image_url"));
                    if (images.Count > MostImages)
                        throw Bad($"expected at most {MostImages} images", "messages");
                    part++;
                }
            }
            message++;
        }
        return images;
    }

    static ImagePixels Read(JsonElement part, string name)
    {
        if (!part.Has("image_url", out var url))
        {
            throw ApiException.Bad(
                $"Missing required parameter: '{name}'.", name, "missing_required_parameter");
        }
        var detail = url.ValueKind == JsonValueKind.Object ? url.Text("detail") : part.Text("detail");
        if (detail is not (null or "auto" or "high"))
            throw Bad($"{name}.detail: {detail} is not supported; expected auto or high", name + ".detail");
        var text = url.ValueKind == JsonValueKind.Object ? url.Required("url")
            : url.ValueKind == JsonValueKind.String ? url.GetString()!
            : throw JsonBody.Wrong(name, url, "an object or a data: URL");
        return Decode(Bytes(text, name), name);
    }

    static byte[] Bytes(string url, string name)
    {
        if (!url.StartsWith("data:", StringComparison.OrdinalIgnoreCase))
        {
            throw Bad($"{name}: images are not fetched from elsewhere; expected the image itself as "
                + "data:image/png;base64,…", name);
        }
        var comma = url.IndexOf(',');
        if (comma < 0 || !url[..comma].EndsWith(";base64", StringComparison.OrdinalIgnoreCase))
            throw Bad($"{name}: expected data:image/TYPE;base64,… with the image's bytes in base64", name);
        try
        {
            return Convert.FromBase64String(url[(comma + 1)..]);
        }
        catch (FormatException)
        {
            throw Bad($"{name}: what follows base64, is not base64", name);
        }
    }

    static ImagePixels Decode(byte[] bytes, string name)
    {
        using var data = SKData.CreateCopy(bytes);
        using var codec = SKCodec.Create(data)
            ?? throw Bad($"{name}: no image that can be read; expected PNG, JPEG, WebP or GIF", name);
        var (width, height) = (codec.Info.Width, codec.Info.Height);
        if ((long)width * height > MostPixels)
            throw Bad($"{name}: {width} by {height} pixels; expected at most {MostPixels} in all", name);
        using var bitmap =
            new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        if (codec.GetPixels(bitmap.Info, bitmap.GetPixels()) != SKCodecResult.Success)
            throw Bad($"{name}: the image is damaged or ends too early", name);
        return new ImagePixels(width, height, OnWhite(bitmap.GetPixelSpan()));
    }

    /// <summary>Without transparency: what can be seen through shows white.</summary>
    static byte[] OnWhite(ReadOnlySpan<byte> rgba)
    {
        var rgb = new byte[rgba.Length / 4 * 3];
        for (int from = 0, to = 0; to < rgb.Length; from += 4, to += 3)
        {
            var alpha = rgba[from + 3];
            for (var i = 0; i < 3; i++)
                rgb[to + i] = (byte)(((rgba[from + i] * alpha) + (255 * (255 - alpha)) + 127) / 255);
        }
        return rgb;
    }

    static ApiException Bad(string message, string parameter) =>
        ApiException.Bad(message, parameter, "invalid_image");
}
