using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Plimsoll.Core;

namespace Plimsoll.Tuning.Tokenization;

/// <summary>
/// Learns a byte-level BPE: the most frequent pair merges first, the lower ids among equals, so that the same
/// texts give the same vocabulary. Pair counts are kept up to date merge by merge, never counted again.
/// </summary>
public sealed class BpeTrainer
{
    readonly PreTokenizer _pre;
    readonly Dictionary<string, long> _words = new(StringComparer.Ordinal);

    public BpeTrainer(PreTokenizer pre) => _pre = pre;

    public void Add(string text)
    {
        foreach (var word in _pre.Split(text))
            _words[word] = _words.GetValueOrDefault(word) + 1;
    }

    /// <param name="size">Tokens in all: 256 bytes, merges, specials, in this order.</param>
    /// <exception cref="BadInputException">The texts are too few for so many merges.</exception>
    public ByteLevelBpe Train(int size, IReadOnlyList<string> specials)
    {
        if (size < 256 + specials.Count)
            throw new BadInputException($"vocabulary of {size}: expected at least {256 + specials.Count}");
        var words = _words.OrderBy(w => w.Key, StringComparer.Ordinal)
            .Select(w => (Ids: Encoding.UTF8.GetBytes(w.Key).Select(b => (int)b).ToArray(), Count: w.Value))
                .ToArray();
        var counts = new Dictionary<(int, int), long>();
        var places = new Dictionary<(int, int), HashSet<int>>();
        for (var w = 0; w < words.Length; w++)
            Count(words[w].Ids, words[w].Count, w, counts, places);
        var queue = new PriorityQueue<((int, int) Pair, long Count), (long, int, int)>();
        foreach (var (pair, count) in counts)
            queue.Enqueue((pair, count), (-count, pair.Item1, pair.Item2));
        var tokens = Enumerable.Range(0, 256).Select(b => ByteAlphabet.Of((byte)b).ToString()).ToList();
        var merges = new List<(string, string)>();
        while (tokens.Count < size - specials.Count)
        {
            if (!queue.TryDequeue(out var best, out _))
            {
                throw new BadInputException($"vocabulary of {size}: the texts give "
                    + $"{tokens.Count + specials.Count} tokens");
            }
            if (counts.GetValueOrDefault(best.Pair) != best.Count || best.Count < 1)
                continue;
            merges.Add((tokens[best.Pair.Item1], tokens[best.Pair.Item2]));
            Apply(best.Pair, tokens.Count, words, counts, places, queue);
            tokens.Add(merges[^1].Item1 + merges[^1].Item2);
        }
        tokens.AddRange(specials);
        var ids = Enumerable.Range(size - specials.Count, specials.Count).ToHashSet();
        return new ByteLevelBpe(tokens, merges, ids, _pre);
    }

    static void Apply(
        (int Left, int Right) pair, int merged, (int[] Ids, long Count)[] words, Dictionary<(int, int),
            long> counts,
        Dictionary<(int, int), HashSet<int>> places, PriorityQueue<((int, int), long),
            (long, int, int)> queue)
    {
        var touched = new HashSet<(int, int)>();
        foreach (var w in places[pair].Order())
        {
            var (ids, count) = words[w];
            for (var i = 0; i + 1 < ids.Length; i++)
            {
                counts[(ids[i], ids[i + 1])] -= count;
                touched.Add((ids[i], ids[i + 1]));
            }
            var shorter = new List<int>(ids.Length);
            for (var i = 0; i < ids.Length; i++)
            {
                var match = i + 1 < ids.Length && ids[i] == pair.Left && ids[i + 1] == pair.Right;
                shorter.Add(match ? merged : ids[i]);
                i += match ? 1 : 0;
            }
            words[w].Ids = [.. shorter];
            Count(words[w].Ids, count, w, counts, places);
            for (var i = 0; i + 1 < shorter.Count; i++)
                touched.Add((shorter[i], shorter[i + 1]));
        }
        counts.Remove(pair);
        places.Remove(pair);
        foreach (var changed in touched)
        {
            if (counts.TryGetValue(changed, out var count) && count > 0)
                queue.Enqueue((changed, count), (-count, changed.Item1, changed.Item2));
        }
    }

    static void Count(
        int[] ids, long count, int word, Dictionary<(int, int), long> counts, Dictionary<(int, int),
            HashSet<int>> places)
    {
        for (var i = 0; i + 1 < ids.Length; i++)
        {
            var pair = (ids[i], ids[i + 1]);
            counts[pair] = counts.GetValueOrDefault(pair) + count;
            if (!places.TryGetValue(pair, out var where))
                places[pair] = where = [];
            where.Add(word);
        }
    }
}
