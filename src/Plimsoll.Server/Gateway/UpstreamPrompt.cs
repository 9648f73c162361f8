using System;
using System.Linq;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Plimsoll.Core.Models;
using Plimsoll.Server.Serving;

namespace Plimsoll.Server.Gateway;

/// <summary>
/// A request as a twin sees it, told from its body alone: tokens from bytes, leading blocks from their text.
/// The gateway has no tokenizer of the engine's; how many bytes a token has it learns from usage.
/// </summary>
/// <param name="Bytes">Of its text; 0 where tokens are told from something else as well.</param>
public sealed record UpstreamPrompt(int Tokens, int OutputTokens, ReadOnlyMemory<ulong> Keys, int Bytes)
{
    /// <summary>Whether its answer comes token by token; one that ends with the prompt comes whole.</summary>
    public bool Streams { get; private init; } = true;

    /// <summary>Tokens that a chat's template adds.</summary>
    const int TemplateTokens = 8;

    /// <summary>Letters of a prompt with images that is still followed.</summary>
    const int LongestPictured = 8 << 20;

    /// <summary>Output that is reckoned with where nobody limits it.</summary>
    const int UsualOutputTokens = 1024;

    /// <summary>The prompt of a request for a text; null for what a twin cannot follow: several prompts or
    /// answers, what is kept elsewhere, and bodies without text.</summary>
    /// <param name="body">The request.</param>
    /// <param name="bytesPerToken">As learnt.</param>
    /// <param name="blockTokens">Tokens of a block of the engine's prefix cache; 0 for none.</param>
    /// <param name="model">What answers it, for what its images come to; null where that is not
    /// known.</param>
    public static UpstreamPrompt? Of(
        JsonElement body, double bytesPerToken, int blockTokens, ModelSpec? model = null)
    {
        if ((body.Whole("n", 1, int.MaxValue) ?? 1) > 1 || IsElsewhere(body))
            return null;
        var hasImages = BodyImages.In(body).Any();
        if (!(hasImages ? TryPictured(body, bytesPerToken, model, out var text) : TryText(body, out text)))
            return null;
        var output = body.Whole("max_completion_tokens", 1, int.MaxValue / 4)
            ?? body.Whole("max_tokens", 0, int.MaxValue / 4)
            ?? body.Whole("max_output_tokens", 1, int.MaxValue / 4) ?? UsualOutputTokens;
        var tokens = TemplateTokens + (int)(text.Length / bytesPerToken);
        return new UpstreamPrompt(
            tokens, Math.Max(1, output),
            KeysOf(body.Text("model") ?? "", text, bytesPerToken, blockTokens, tokens),
            hasImages ? 0 : text.Length);
    }

    /// <summary>Texts, or texts as tokens, that are turned into vectors; null where there is none.</summary>
    public static UpstreamPrompt? OfTexts(JsonElement body, double bytesPerToken)
    {
        if (!body.TryGetProperty("input", out var input))
            return null;
        var (ids, bytes) = (0L, 0L);
        Count(input);
        var tokens = ids + (long)(bytes / bytesPerToken);
        return tokens is 0 or > int.MaxValue / 4 ? null
            : new UpstreamPrompt((int)tokens, 1, default, ids == 0 ? (int)bytes : 0) { Streams = false };

        void Count(JsonElement one)
        {
            if (one.ValueKind == JsonValueKind.String)
                bytes += JsonMarshal.GetRawUtf8Value(one).Length - 2;
            else if (one.ValueKind == JsonValueKind.Number)
                ids++;
            else if (one.ValueKind == JsonValueKind.Array)
                one.EnumerateArray().ToList().ForEach(Count);
        }
    }

    /// <summary>A response whose beginning the engine keeps, or that is fetched when it is done.</summary>
    static bool IsElsewhere(JsonElement body) => body.Has("previous_response_id", out _)
        || body.Has("conversation", out _) || body.Flag("background");

    static bool TryText(JsonElement body, out string text)
    {
        text = "";
        if (body.TryGetProperty("messages", out var messages) && messages.ValueKind == JsonValueKind.Array)
        {
            text = messages.GetRawText();
        }
        else if (body.TryGetProperty("prompt", out var prompt) && prompt.ValueKind == JsonValueKind.String)
        {
            text = prompt.GetString()!;
        }
        else if (body.TryGetProperty("input", out var input)
            && input.ValueKind is JsonValueKind.String or JsonValueKind.Array)
        {
            text = body.Text("instructions")
                + (input.ValueKind == JsonValueKind.String ? input.GetString() : input.GetRawText());
        }
        return text.Length > 0;
    }

    /// <summary>
    /// A prompt with images: in the place of each stand as many letters as its tokens would have, the same
    /// for the same image. False where they come to more than a twin would follow.
    /// </summary>
    static bool TryPictured(JsonElement body, double bytesPerToken, ModelSpec? model, out string text)
    {
        var built = new StringBuilder(body.Text("instructions"));
        foreach (var message in Messages(body))
        {
            if (message.ValueKind != JsonValueKind.Object
                || !message.TryGetProperty("content", out var content)
                || content.ValueKind != JsonValueKind.Array)
            {
                built.Append(message.GetRawText());
                continue;
            }
            foreach (var part in content.EnumerateArray())
            {
                if (BodyImages.IsImage(part))
                    StandIn(built, part, (int)(BodyImages.TokensOf(part, model) * bytesPerToken));
                else
                    built.Append(part.GetRawText());
                if (built.Length > LongestPictured)
                    break;
            }
        }
        text = built.ToString();
        return text.Length is > 0 and <= LongestPictured;
    }

    static JsonElement.ArrayEnumerator Messages(JsonElement body) =>
        (body.Array("messages") ?? body.Array("input"))!.Value.EnumerateArray();

    static void StandIn(StringBuilder text, JsonElement part, int letters)
    {
        var hash = Convert.ToHexString(SHA256.HashData(JsonMarshal.GetRawUtf8Value(part)));
        for (var left = letters; left > 0; left -= hash.Length)
            text.Append(hash.AsSpan(0, Math.Min(left, hash.Length)));
    }

    /// <summary>What an adapter computes of a text is not what its model does: each has its own.</summary>
    static ulong[] KeysOf(string model, string text, double bytesPerToken, int blockTokens, int tokens)
    {
        if (blockTokens == 0)
            return [];
        var each = Math.Max(1, (int)(blockTokens * bytesPerToken));
        var keys = new ulong[Math.Min(text.Length / each, (tokens - 1) / blockTokens)];
        var hash = 14695981039346656037UL;
        foreach (var letter in model)
            hash = (hash ^ letter) * 1099511628211UL;
        for (var i = 0; i < keys.Length; i++)
        {
            foreach (var letter in text.AsSpan(i * each, each))
                hash = (hash ^ letter) * 1099511628211UL;
            keys[i] = hash;
        }
        return keys;
    }
}
