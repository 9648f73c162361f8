using System;
using System.Buffers;
using System.Buffers.Text;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Bench.Load;

namespace Plimsoll.Bench.Prompts;

/// <summary>Bodies whose prompts are drawn to the length and the prefixes that the load states.</summary>
public sealed class GeneratedBodies : IBodySource
{
    /// <summary>Room for the length member and the end.</summary>
    const int TailBytes = 64;

    const string ImageOpening = "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,";
    const string ImageClosing = "\"}},";
    const string TextOpening = "{\"type\":\"text\",\"text\":\"";

    readonly BodyOptions _options;
    readonly PromptText _text;
    readonly SharedOpenings _openings = new();
    readonly int _everywhere;
    readonly BodyTemplate[] _templates;

    public GeneratedBodies(BodyForm form, Vocabulary vocabulary)
    {
        _options = form.Options;
        _text = new PromptText(vocabulary, form.Options.Seed, form.Options.Salt);
        _everywhere = vocabulary.OverheadTokens;
        _templates = [.. form.Levels.Select(level => new BodyTemplate(form, level))];
    }

    public RequestBody Build(in PlannedRequest request)
    {
        var template = _templates[request.Level];
        var pictures = _options.Images > 0 ? Pictures(request) : [];
        var room = template.Head.Length + template.Middle.Length + TailBytes + _text.MostBytes(request);
        foreach (var picture in pictures)
        {
            room += Base64.GetMaxEncodedToUtf8Length(picture.Length) + ImageOpening.Length
                + ImageClosing.Length;
        }
        var buffer = ArrayPool<byte>.Shared.Rent(room + TextOpening.Length);
        var at = Copy(template.Head, buffer, 0);
        if (_options.Images > 0)
            at = Pictures(pictures, buffer, at);
        at += _text.Write(request, buffer.AsSpan(at));
        at = Copy(template.Middle, buffer, at);
        at += template.WriteTail(buffer.AsSpan(at), request.OutputTokens);
        return new RequestBody(buffer, at, template.Level.ApiKey)
        {
            PromptTokens = request.PromptTokens,
            OutputTokens = request.OutputTokens,
            SharedShare = _openings.Of(request, _text.Stream(request), _everywhere),
        };
    }

    List<byte[]> Pictures(in PlannedRequest request)
    {
        var pictures = new List<byte[]>(_options.Images);
        for (var i = 0; i < _options.Images; i++)
        {
            var seed = PromptText.Mix(_text.Stream(request)
                + (ulong)(request.Index * _options.Images + i + 1));
            pictures.Add(GeneratedPicture.Png(_options.ImageWidth, _options.ImageHeight, seed));
        }
        return pictures;
    }

    static int Pictures(List<byte[]> pictures, byte[] buffer, int at)
    {
        foreach (var picture in pictures)
        {
            at = Copy(ImageOpening, buffer, at);
            Base64.EncodeToUtf8(picture, buffer.AsSpan(at), out _, out var written);
            at = Copy(ImageClosing, buffer, at + written);
        }
        return Copy(TextOpening, buffer, at);
    }

    static int Copy(ReadOnlySpan<byte> bytes, byte[] buffer, int at)
    {
        bytes.CopyTo(buffer.AsSpan(at));
        return at + bytes.Length;
    }

    static int Copy(string ascii, byte[] buffer, int at) =>
        at + System.Text.Encoding.ASCII.GetBytes(ascii, buffer.AsSpan(at));
}
