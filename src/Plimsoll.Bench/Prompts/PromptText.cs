using System;
using Plimsoll.Bench.Load;

namespace Plimsoll.Bench.Prompts;

/// <summary>
/// Writes the text of a prompt: within a run, a block whose key the load gives is the same text wherever the
/// key comes again, so that an engine's prefix cache finds what the trace says it would find; the rest is a
/// text of the request's own, and shares nothing with any other. Runs of another seed or salt share nothing
/// with this one, their keyed blocks included.
/// </summary>
public sealed class PromptText(Vocabulary vocabulary, ulong seed, ulong salt = 0)
{
    const ulong Golden = 0x9E3779B97F4A7C15UL;

    readonly int _longest = vocabulary.LongestWord;
    readonly ulong _run = Mix(Mix(seed + Golden) ^ Mix(salt ^ Golden));

    /// <summary>Bytes that a text may need at most.</summary>
    public int MostBytes(in PlannedRequest request) => vocabulary.WordsFor(request.PromptTokens) * _longest;

    /// <summary>What every text of a request's stream is drawn from.</summary>
    public ulong Stream(in PlannedRequest request) => Mix(_run + request.Stream * Golden);

    /// <summary>Writes the text and returns its bytes. Words hold nothing that JSON would escape.</summary>
    public int Write(in PlannedRequest request, Span<byte> target)
    {
        var words = vocabulary.WordsFor(request.PromptTokens);
        var keys = request.PrefixKeys.Span;
        var blockWords = Math.Max(1, (int)(request.PrefixBlockTokens / vocabulary.TokensPerWord));
        var at = 0;
        var stream = Stream(request);
        var own = Mix(stream ^ Mix((ulong)request.Index + 1));
        for (var word = 0; word < words; word++)
        {
            var block = word / blockWords;
            var number = block < keys.Length
                ? Mix(Mix(keys[block] ^ stream) + (ulong)(word % blockWords + 1) * Golden)
                : Mix(own + (ulong)(word + 1) * Golden);
            var text = vocabulary.Word(number);
            text.CopyTo(target[at..]);
            at += text.Length;
        }
        return at;
    }

    /// <summary>The finaliser of SplitMix64.</summary>
    internal static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
