using System;
using System.Text;

namespace Plimsoll.Fuzz;

/// <summary>
/// Input that is almost right: seeds cut, repeated, spliced, with bytes and numbers changed.
/// </summary>
sealed class Mangler(int seed)
{
    static readonly byte[][] Hostile = Array.ConvertAll(
        new[]
        {
            "-1", "1e308", "1e-300", "99999999999999999999", "NaN", "null", "{}", "[]", "\"\"", "\u0000",
                "\uFEFF",
            "\"\\ud800\"", ",,", "\n\n", "[[[[[[[[", "{\"a\":", "2147483648", "0", "0.1.2", "\u001b[31m",
            "p100",
        },
        Encoding.UTF8.GetBytes);

    readonly Random _random = new(seed);

    public byte[] Of(byte[] seed, byte[] other)
    {
        var bytes = seed;
        for (var changes = 1 + _random.Next(4); changes > 0; changes--)
        {
            var at = _random.Next(bytes.Length + 1);
            bytes = _random.Next(6) switch
            {
                0 => bytes[..at],
                1 => [.. bytes[..at], .. other[_random.Next(other.Length + 1)..]],
                2 => [.. bytes[..at], .. Hostile[_random.Next(Hostile.Length)], .. bytes[at..]],
                3 => [.. bytes[..at], .. bytes[_random.Next(at + 1)..]],
                4 => Flipped(bytes),
                _ => Numbered(bytes),
            };
        }
        return bytes;
    }

    byte[] Flipped(byte[] bytes)
    {
        var copy = (byte[])bytes.Clone();
        if (copy.Length > 0)
            copy[_random.Next(copy.Length)] = (byte)_random.Next(256);
        return copy;
    }

    /// <summary>A run of digits becomes a hostile value.</summary>
    byte[] Numbered(byte[] bytes)
    {
        var from = bytes.AsSpan(_random.Next(bytes.Length + 1)).IndexOfAnyInRange((byte)'0', (byte)'9');
        if (from < 0)
            return bytes;
        var to = from;
        while (to < bytes.Length && bytes[to] is >= (byte)'0' and <= (byte)'9')
            to++;
        return [.. bytes[..from], .. Hostile[_random.Next(Hostile.Length)], .. bytes[to..]];
    }
}
