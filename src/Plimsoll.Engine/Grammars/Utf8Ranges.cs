using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Plimsoll.Engine.Grammars;

/// <summary>Ranges of bytes, one after the other: the UTF-8 of a range of characters.</summary>
readonly record struct ByteRange(byte From, byte To);

/// <summary>A set of characters as sequences of byte ranges that together say just its UTF-8.</summary>
static class Utf8Ranges
{
    const int Last = 0x10FFFF;

    /// <summary>Where the length of a character's UTF-8 changes; between the third and the fourth lie
    /// surrogates, which are no characters.</summary>
    static readonly (int From, int To)[] _lengths =
        [(0, 0x7F), (0x80, 0x7FF), (0x800, 0xD7FF), (0xE000, 0xFFFF), (0x10000, Last)];

    public static List<ByteRange[]> Of(GbnfNode characters)
    {
        var sequences = new List<ByteRange[]>();
        foreach (var (from, to) in Merged(characters))
        {
            foreach (var (shortest, longest) in _lengths)
                Split(Math.Max(from, shortest), Math.Min(to, longest), sequences);
        }
        return sequences;
    }

    /// <summary>The ranges in order, none touching another; of a negated set, what lies between.</summary>
    static IEnumerable<(int From, int To)> Merged(GbnfNode characters)
    {
        var merged = new List<(int From, int To)>();
        foreach (var (from, to) in characters.Ranges.Order())
        {
            if (merged.Count > 0 && from <= merged[^1].To + 1)
                merged[^1] = (merged[^1].From, Math.Max(merged[^1].To, to));
            else
                merged.Add((from, to));
        }
        return characters.IsNegated ? Between(merged) : merged;
    }

    static IEnumerable<(int From, int To)> Between(List<(int From, int To)> ranges)
    {
        var next = 0;
        foreach (var (from, to) in ranges)
        {
            if (from > next)
                yield return (next, from - 1);
            next = to + 1;
        }
        if (next <= Last)
            yield return (next, Last);
    }

    /// <summary>Cuts a range until every byte of its ends ranges by itself.</summary>
    static void Split(int from, int to, List<ByteRange[]> sequences)
    {
        if (from > to)
            return;
        for (var bits = 6; bits <= 18 && from >= 0x80; bits += 6)
        {
            var low = (1 << bits) - 1;
            if ((from | low) == (to | low))
                break;
            if ((from & low) != 0)
            {
                Split(from, from | low, sequences);
                Split((from | low) + 1, to, sequences);
                return;
            }
            if ((to & low) != low)
            {
                Split(from, (to & ~low) - 1, sequences);
                Split(to & ~low, to, sequences);
                return;
            }
        }
        Span<byte> first = stackalloc byte[4];
        Span<byte> last = stackalloc byte[4];
        var length = new Rune(from).EncodeToUtf8(first);
        new Rune(to).EncodeToUtf8(last);
        var sequence = new ByteRange[length];
        for (var i = 0; i < length; i++)
            sequence[i] = new ByteRange(first[i], last[i]);
        sequences.Add(sequence);
    }
}
