using System;
using System.Buffers;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Text;
using System.Threading;
using Plimsoll.Core;

namespace Plimsoll.Tuning.Tokenization;

/// <summary>
/// A byte-level BPE: text to ids and back, with the ids that llama.cpp and Hugging Face give for the same
/// vocabulary. Any text encodes; decoding ids gives the text again. Safe for several threads.
/// </summary>
public sealed class ByteLevelBpe
{
    const int MostCachedWords = 1 << 18;

    readonly Dictionary<string, int> _ids;
    readonly Dictionary<(int Left, int Right), (int Rank, int Merged)> _merges = [];
    readonly ConcurrentDictionary<string, int[]> _cache = [];
    readonly string[] _specialTexts;
    readonly SearchValues<string> _anySpecial;
    readonly int[] _bytes = new int[256];
    int _cached;

    /// <param name="tokens">Texts by id, in the byte alphabet; specials as they are written.</param>
    /// <param name="merges">Pairs in the order in which they merge.</param>
    /// <param name="specials">Ids of tokens that are no text: matched whole before anything else.</param>
    /// <exception cref="BadInputException">A merge names a token that is not there, or a byte is
    /// missing.</exception>
    public ByteLevelBpe(
        IReadOnlyList<string> tokens, IReadOnlyList<(string Left, string Right)> merges,
            IReadOnlySet<int> specials,
        PreTokenizer pre)
    {
        Tokens = tokens;
        Merges = merges;
        Specials = specials;
        Pre = pre;
        _ids = new Dictionary<string, int>(tokens.Count, StringComparer.Ordinal);
        for (var i = 0; i < tokens.Count; i++)
            _ids.TryAdd(tokens[i], i);
        for (var i = 0; i < 256; i++)
        {
            _bytes[i] = _ids.TryGetValue(ByteAlphabet.Of((byte)i).ToString(), out var id)
                ? id
                : throw new BadInputException(
                    $"tokenizer: byte {i} has no token; expected a byte-level BPE with all 256");
        }
        for (var rank = 0; rank < merges.Count; rank++)
        {
            var (left, right) = merges[rank];
            _merges.TryAdd((IdOf(left), IdOf(right)), (rank, IdOf(left + right)));
        }
        var texts = new List<string>();
        foreach (var id in specials)
            texts.Add(tokens[id]);
        texts.Sort((a, b) => a.Length != b.Length ? b.Length - a.Length : string.CompareOrdinal(a, b));
        _specialTexts = [.. texts];
        _anySpecial = SearchValues.Create(_specialTexts, StringComparison.Ordinal);
    }

    public IReadOnlyList<string> Tokens { get; }

    public IReadOnlyList<(string Left, string Right)> Merges { get; }

    public IReadOnlySet<int> Specials { get; }

    public PreTokenizer Pre { get; }

    /// <summary>The id of a token written as in the vocabulary; null when there is none.</summary>
    public int? Find(string token) => _ids.TryGetValue(token, out var id) ? id : null;

    /// <param name="specials">Whether texts such as <c>&lt;|im_end|&gt;</c> become their one token. Text of
    /// users is encoded without, so that nobody ends a turn by writing it.</param>
    public List<int> Encode(string text, bool specials)
    {
        var ids = new List<int>(text.Length / 3 + 1);
        if (!specials)
        {
            EncodeText(text, ids);
            return ids;
        }
        for (var at = 0; at < text.Length;)
        {
            var (found, special) = NextSpecial(text, at);
            if (found > at)
                EncodeText(text[at..found], ids);
            if (special is null)
                break;
            ids.Add(_ids[special]);
            at = found + special.Length;
        }
        return ids;
    }

    /// <summary>Bytes that are no UTF-8 decode to U+FFFD.</summary>
    public string Decode(IEnumerable<int> ids, bool specials)
    {
        var bytes = new List<byte>();
        foreach (var id in ids)
        {
            if (id < 0 || id >= Tokens.Count)
                throw new BadInputException($"token {id}: expected 0 to {Tokens.Count - 1}");
            if (!Specials.Contains(id))
                ByteAlphabet.Read(Tokens[id], bytes);
            else if (specials)
                bytes.AddRange(Encoding.UTF8.GetBytes(Tokens[id]));
        }
        return Encoding.UTF8.GetString([.. bytes]);
    }

    (int At, string? Special) NextSpecial(string text, int from)
    {
        var found = text.AsSpan(from).IndexOfAny(_anySpecial);
        if (found < 0)
            return (text.Length, null);
        found += from;
        foreach (var special in _specialTexts)
        {
            if (text.AsSpan(found).StartsWith(special, StringComparison.Ordinal))
                return (found, special);
        }
        return (text.Length, null);
    }

    void EncodeText(string text, List<int> ids)
    {
        foreach (var word in Pre.Split(text))
        {
            if (_cache.TryGetValue(word, out var known))
            {
                ids.AddRange(known);
                continue;
            }
            // Llama 3 takes a word that is a token whole, whatever its merges would give.
            int[] merged = Pre == PreTokenizer.LlamaBpe && Find(ByteAlphabet.Write(word)) is { } whole
                ? [whole]
                : Merge(Encoding.UTF8.GetBytes(word));
            // The dictionary's own count locks all of it.
            if (_cached < MostCachedWords && word.Length <= 64 && _cache.TryAdd(word, merged))
                Interlocked.Increment(ref _cached);
            ids.AddRange(merged);
        }
    }

    /// <summary>Merges the lowest rank first, leftmost among equals, in n log n.</summary>
    int[] Merge(byte[] word)
    {
        var count = word.Length;
        var ids = new int[count];
        var next = new int[count];
        var previous = new int[count];
        for (var i = 0; i < count; i++)
            (ids[i], next[i], previous[i]) = (_bytes[word[i]], i + 1, i - 1);
        var queue = new PriorityQueue<(int At, int Left, int Right, int Merged), long>();
        void Offer(int at)
        {
            if (at < 0 || next[at] >= count || !_merges.TryGetValue((ids[at], ids[next[at]]), out var merge))
                return;
            queue.Enqueue((at, ids[at], ids[next[at]], merge.Merged), ((long)merge.Rank << 32) | (uint)at);
        }
        for (var i = 0; i + 1 < count; i++)
            Offer(i);
        var left = count;
        while (queue.TryDequeue(out var pair, out _))
        {
            var right = ids[pair.At] < 0 ? count : next[pair.At];
            if (right >= count || ids[pair.At] != pair.Left || ids[right] != pair.Right)
                continue;
            ids[pair.At] = pair.Merged;
            ids[right] = -1;
            next[pair.At] = next[right];
            if (next[right] < count)
                previous[next[right]] = pair.At;
            left--;
            Offer(previous[pair.At]);
            Offer(pair.At);
        }
        var result = new int[left];
        for (int i = 0, at = 0; at < count; at = next[at])
            result[i++] = ids[at];
        return result;
    }

    int IdOf(string token) => _ids.TryGetValue(token, out var id)
        ? id
        : throw new BadInputException($"tokenizer: a merge names '{token}', which is no token");
}
