using System;
using System.Collections.Generic;
using System.Text;
using System.Text.Json;

namespace Plimsoll.Engine.Simulated;

/// <summary>
/// A tokenizer without a vocabulary: a token's id holds its text, so any text comes back as it was and
/// English has about as many tokens as a real tokenizer gives it. An id is either up to six lower-case
/// letters, the first perhaps a space (bit 30 set, five bits each), or up to three bytes of UTF-8 (their
/// count in bits 24 and 25).
/// </summary>
public sealed class SimulatedCodec : IPromptCodec
{
    const int WordBit = 1 << 30;
    const int LettersPerToken = 6;
    const int BytesPerToken = 3;
    const int Space = 27;

    public int VocabularySize => int.MaxValue;

    public ToolCallStyle ToolCalls => ToolCallStyle.None;

    public int[] Encode(ReadOnlySpan<char> text, bool addSpecial)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        var tokens = new List<int>((bytes.Length / 4) + 1);
        for (var at = 0; at < bytes.Length;)
        {
            var letters = WordAt(bytes, at);
            if (letters > 0)
            {
                tokens.Add(Word(bytes.AsSpan(at, letters)));
                at += letters;
                continue;
            }
            var count = 1;
            while (count < BytesPerToken && at + count < bytes.Length && WordAt(bytes, at + count) == 0)
                count++;
            tokens.Add(Raw(bytes.AsSpan(at, count)));
            at += count;
        }
        return [.. tokens];
    }

    public string Decode(ReadOnlySpan<int> tokens)
    {
        var bytes = new byte[tokens.Length * LettersPerToken];
        var count = 0;
        foreach (var token in tokens)
            count += Write(token, bytes.AsSpan(count));
        return Encoding.UTF8.GetString(bytes, 0, count);
    }

    public string RenderChat(JsonElement messages, JsonElement tools, bool addGenerationPrompt)
    {
        var text = new StringBuilder();
        if (tools.ValueKind == JsonValueKind.Array)
            text.Append("<|im_start|>tools\n").Append(tools.GetRawText()).Append("<|im_end|>\n");
        foreach (var message in messages.EnumerateArray())
        {
            text.Append("<|im_start|>").Append(message.GetProperty("role").GetString()).Append('\n');
            AppendContent(text, message);
            if (message.TryGetProperty("tool_calls", out var calls) && calls.ValueKind == JsonValueKind.Array)
                text.Append(calls.GetRawText());
            text.Append("<|im_end|>\n");
        }
        if (addGenerationPrompt)
            text.Append("<|im_start|>assistant\n");
        return text.ToString();
    }

    static void AppendContent(StringBuilder text, JsonElement message)
    {
        if (!message.TryGetProperty("content", out var content) || content.ValueKind == JsonValueKind.Null)
            return;
        if (content.ValueKind == JsonValueKind.String)
        {
            text.Append(content.GetString());
            return;
        }
        foreach (var part in content.EnumerateArray())
        {
            text.Append(part.TryGetProperty("text", out var words)
                ? words.GetString()
                : throw new EngineRefusalException("messages: this model takes text parts only"));
        }
    }

    /// <summary>Letters of the word token that begins here, a leading space included; 0 for none.</summary>
    static int WordAt(ReadOnlySpan<byte> bytes, int at)
    {
        var count = bytes[at] == ' ' ? 1 : 0;
        while (count < LettersPerToken && at + count < bytes.Length
            && char.IsAsciiLetterLower((char)bytes[at + count]))
        {
            count++;
        }
        return count == 1 && bytes[at] == ' ' ? 0 : count;
    }

    static int Word(ReadOnlySpan<byte> letters)
    {
        var token = 0;
        for (var i = letters.Length - 1; i >= 0; i--)
            token = (token << 5) | (letters[i] == ' ' ? Space : letters[i] - 'a' + 1);
        return token | WordBit;
    }

    static int Raw(ReadOnlySpan<byte> bytes)
    {
        var token = bytes.Length << 24;
        for (var i = 0; i < bytes.Length; i++)
            token |= bytes[i] << (8 * i);
        return token;
    }

    static int Write(int token, Span<byte> to)
    {
        var count = 0;
        if ((token & WordBit) != 0)
        {
            for (var rest = token & (WordBit - 1); rest != 0; rest >>= 5)
            {
                var letter = rest & 31;
                to[count++] = letter is >= 1 and <= 26 ? (byte)('a' + letter - 1) : (byte)' ';
            }
            return count;
        }
        for (; count < ((token >> 24) & 3); count++)
            to[count] = (byte)(token >> (8 * count));
        return count;
    }
}
