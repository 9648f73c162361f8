using System;
using System.Text.Json;
using Plimsoll.Server.Serving;

namespace Plimsoll.Server.Gateway;

/// <summary>
/// A request as a twin sees it, told from its body alone: tokens from bytes, leading blocks from their text.
/// The gateway has no tokenizer of the engine's; how many bytes a token has it learns from usage.
/// </summary>
public sealed record UpstreamPrompt(int Tokens, int OutputTokens, ReadOnlyMemory<ulong> Keys, int Bytes)
{
    /// <summary>Tokens that a chat's template adds.</summary>
    const int TemplateTokens = 8;

    /// <summary>Output that is reckoned with where nobody limits it.</summary>
    const int UsualOutputTokens = 1024;

    /// <summary>The prompt of a request for a text; null for what a twin cannot follow: several prompts or
    /// answers, what is kept elsewhere, and bodies without text.</summary>
    /// <param name="body">The request.</param>
    /// <param name="bytesPerToken">As learnt.</param>
    /// <param name="blockTokens">Tokens of a block of the engine's prefix cache; 0 for none.</param>
    public static UpstreamPrompt? Of(JsonElement body, double bytesPerToken, int blockTokens)
    {
        if ((body.Whole("n", 1, int.MaxValue) ?? 1) > 1 || IsElsewhere(body) || !TryText(body, out var text))
            return null;
        var output = body.Whole("max_completion_tokens", 1, int.MaxValue / 4)
            ?? body.Whole("max_tokens", 0, int.MaxValue / 4)
            ?? body.Whole("max_output_tokens", 1, int.MaxValue / 4) ?? UsualOutputTokens;
        var tokens = TemplateTokens + (int)(text.Length / bytesPerToken);
        return new UpstreamPrompt(
            tokens, Math.Max(1, output), KeysOf(text, bytesPerToken, blockTokens, tokens), text.Length);
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

    static ulong[] KeysOf(string text, double bytesPerToken, int blockTokens, int tokens)
    {
        if (blockTokens == 0)
            return [];
        var each = Math.Max(1, (int)(blockTokens * bytesPerToken));
        var keys = new ulong[Math.Min(text.Length / each, (tokens - 1) / blockTokens)];
        var hash = 14695981039346656037UL;
        for (var i = 0; i < keys.Length; i++)
        {
            foreach (var letter in text.AsSpan(i * each, each))
                hash = (hash ^ letter) * 1099511628211UL;
            keys[i] = hash;
        }
        return keys;
    }
}
