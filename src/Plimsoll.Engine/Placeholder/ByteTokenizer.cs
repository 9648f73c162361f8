using System.Collections.Generic;
using System.Text;

namespace Plimsoll.Engine.Placeholder;

/// <summary>
/// A byte-level byte-pair vocabulary in GPT-2's notation: 256 bytes, pairs merged by how often they stand in
/// a text, then special tokens. Any text can be written in it and read back, byte for byte.
/// </summary>
sealed class ByteTokenizer
{
    public ByteTokenizer(string text, int merges, params string[] specials)
    {
        var byteNames = ByteNames();
        Tokens.AddRange(byteNames);
        var words = Words(text, byteNames);
        while (Merges.Count < merges && MostFrequentPair(words) is { } pair)
        {
            Merges.Add($"{pair.Left} {pair.Right}");
            Tokens.Add(pair.Left + pair.Right);
            foreach (var word in words)
                Merge(word, pair);
        }
        FirstSpecial = Tokens.Count;
        Tokens.AddRange(specials);
    }

    /// <summary>Tokens by id, specials last.</summary>
    public List<string> Tokens { get; } = [];

    /// <summary>Pairs in the order in which they are merged.</summary>
    public List<string> Merges { get; } = [];

    public int FirstSpecial { get; }

    /// <summary>
    /// GPT-2's printable stand-in of each byte: itself where it prints, else the next from 256 on.
    /// </summary>
    static string[] ByteNames()
    {
        var names = new string[256];
        var next = 256;
        for (var b = 0; b < 256; b++)
        {
            var prints = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            names[b] = ((char)(prints ? b : next++)).ToString();
        }
        return names;
    }

    static List<List<string>> Words(string text, string[] byteNames)
    {
        var words = new List<List<string>>();
        List<string>? word = null;
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            var letter = b is (>= (byte)'a' and <= (byte)'z') or (>= (byte)'A' and <= (byte)'Z');
            if (word is null || !letter)
                words.Add(word = []);
            word.Add(byteNames[b]);
            if (!letter && b != ' ')
                word = null;
        }
        return words;
    }

    static (string Left, string Right)? MostFrequentPair(List<List<string>> words)
    {
        var counts = new Dictionary<(string Left, string Right), int>();
        foreach (var word in words)
        {
            for (var i = 1; i < word.Count; i++)
                counts[(word[i - 1], word[i])] = counts.GetValueOrDefault((word[i - 1], word[i])) + 1;
        }
        (string Left, string Right)? best = null;
        foreach (var (pair, count) in counts)
        {
            if (count > 1 && (best is not { } b || count > counts[b]
                || (count == counts[b]
                    && string.CompareOrdinal(pair.Left + ' ' + pair.Right, b.Left + ' ' + b.Right) < 0)))
            {
                best = pair;
            }
        }
        return best;
    }

    static void Merge(List<string> word, (string Left, string Right) pair)
    {
        for (var i = word.Count - 1; i > 0; i--)
        {
            if (word[i - 1] == pair.Left && word[i] == pair.Right)
            {
                word[i - 1] += word[i];
                word.RemoveAt(i);
            }
        }
    }
}
