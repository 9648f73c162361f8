using System.Collections.Generic;
using System.Text;

namespace Plimsoll.Tuning.Tokenization;

/// <summary>
/// GPT-2's table of printable characters, one per byte, in which byte-level vocabularies are written.
/// </summary>
static class ByteAlphabet
{
    static readonly char[] _ofByte = new char[256];
    static readonly Dictionary<char, byte> _ofChar = [];

    static ByteAlphabet()
    {
        var next = 256;
        for (var i = 0; i < 256; i++)
        {
            var printable = i is (>= '!' and <= '~') or (>= 0xa1 and <= 0xac) or (>= 0xae and <= 0xff);
            _ofByte[i] = printable ? (char)i : (char)next++;
            _ofChar[_ofByte[i]] = (byte)i;
        }
    }

    /// <summary>The text's UTF-8 bytes, each as its character.</summary>
    public static string Write(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return string.Create(bytes.Length, bytes, (span, from) =>
        {
            for (var i = 0; i < span.Length; i++)
                span[i] = _ofByte[from[i]];
        });
    }

    public static char Of(byte value) => _ofByte[value];

    /// <summary>
    /// Appends the bytes behind the characters; a character outside the alphabet gives its own UTF-8.
    /// </summary>
    public static void Read(string token, List<byte> bytes)
    {
        foreach (var c in token)
        {
            if (_ofChar.TryGetValue(c, out var value))
                bytes.Add(value);
            else
                bytes.AddRange(Encoding.UTF8.GetBytes([c]));
        }
    }
}
