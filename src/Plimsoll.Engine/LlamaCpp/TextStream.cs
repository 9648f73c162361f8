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
    /// <summary>A character that is not whole has three bytes at most.</summary>
    const int MostHeld = 3;

    /// <summary>What one byte that belongs to no character becomes.</summary>
    const string Replacement = "\uFFFD";

    readonly byte[] _held = new byte[MostHeld];
    int _heldBytes;

    /// <summary>What this token adds.</summary>
    public string Add(int token)
    {
        if (_heldBytes == 0 && tokenizer.Text(token) is { } whole)
            return whole;
        var added = tokenizer.Bytes(token);
        var bytes = added.Length <= 256 ? stackalloc byte[MostHeld + added.Length]
            : new byte[MostHeld + added.Length];
        _held.AsSpan(0, _heldBytes).CopyTo(bytes);
        added.CopyTo(bytes[_heldBytes..]);
        bytes = bytes[..(_heldBytes + added.Length)];
        _heldBytes = OpenBytes(bytes);
        bytes[^_heldBytes..].CopyTo(_held);
        var text = bytes[..^_heldBytes];
        return text is [>= 0x80] ? Replacement : Encoding.UTF8.GetString(text);
    }

    /// <summary>What was held back when the answer ends.</summary>
    public string Flush()
    {
        var rest = Encoding.UTF8.GetString(_held, 0, _heldBytes);
        _heldBytes = 0;
        return rest;
    }

    /// <summary>Bytes at the end that begin a character and do not end it.</summary>
    static int OpenBytes(ReadOnlySpan<byte> bytes)
    {
        for (var back = Math.Min(MostHeld, bytes.Length); back > 0; back--)
        {
            if (Rune.DecodeFromUtf8(bytes[^back..], out _, out _) == OperationStatus.NeedMoreData)
                return back;
        }
        return 0;
    }
}
