using System;
using System.Buffers;
using System.Text;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>
/// Tokens' bytes to text, a token at a time, without ever cutting a character: the bytes of one that is not
/// whole wait for the next token; bytes that can never be one become the replacement character.
/// </summary>
sealed class TextStream(LlamaTokenizer tokenizer)
{
    byte[] _held = [];

    /// <summary>What this token adds.</summary>
    public string Add(int token)
    {
        if (_held.Length == 0 && tokenizer.Text(token) is { } whole)
            return whole;
        byte[] bytes = [.. _held, .. tokenizer.Bytes(token)];
        var open = OpenBytes(bytes);
        _held = bytes[^open..];
        return Encoding.UTF8.GetString(bytes, 0, bytes.Length - open);
    }

    /// <summary>What was held back when the answer ends.</summary>
    public string Flush()
    {
        var rest = Encoding.UTF8.GetString(_held);
        _held = [];
        return rest;
    }

    /// <summary>Bytes at the end that begin a character and do not end it.</summary>
    static int OpenBytes(ReadOnlySpan<byte> bytes)
    {
        for (var back = Math.Min(3, bytes.Length); back > 0; back--)
        {
            if (Rune.DecodeFromUtf8(bytes[^back..], out _, out _) == OperationStatus.NeedMoreData)
                return back;
        }
        return 0;
    }
}
