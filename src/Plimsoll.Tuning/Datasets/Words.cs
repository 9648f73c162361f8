using System;
using System.Collections.Generic;

namespace Plimsoll.Tuning.Datasets;

/// <summary>
/// Hashes of the words of a text, lower case, punctuation left out: what copies are found by.
/// </summary>
static class Words
{
    public static void HashInto(string text, List<ulong> hashes)
    {
        Span<char> word = stackalloc char[64];
        var length = 0;
        foreach (var c in text)
        {
            if (char.IsLetterOrDigit(c))
            {
                // Longer words count by their first letters; no text is kept out of the comparison.
                if (length < word.Length)
                    word[length++] = char.ToLowerInvariant(c);
            }
            else if (length > 0)
            {
                hashes.Add(Hash(word[..length]));
                length = 0;
            }
        }
        if (length > 0)
            hashes.Add(Hash(word[..length]));
    }

    /// <summary>
    /// Hashes of every run of <paramref name="size"/> words; of all words together when there are fewer.
    /// </summary>
    public static void Shingles(List<ulong> words, int size, List<ulong> shingles)
    {
        var count = Math.Max(1, words.Count - size + 1);
        for (var i = 0; i < count && words.Count > 0; i++)
        {
            var hash = 0xcbf29ce484222325;
            for (var j = i; j < Math.Min(words.Count, i + size); j++)
                hash = Mix(hash ^ words[j]);
            shingles.Add(hash);
        }
    }

    public static ulong Mix(ulong value)
    {
        value ^= value >> 30;
        value *= 0xbf58476d1ce4e5b9;
        value ^= value >> 27;
        value *= 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }

    static ulong Hash(ReadOnlySpan<char> word)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in word)
            hash = (hash ^ c) * 1099511628211UL;
        return Mix(hash);
    }
}
