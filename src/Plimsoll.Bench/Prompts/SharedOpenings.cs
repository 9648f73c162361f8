using System;
using System.Collections.Generic;
using Plimsoll.Bench.Load;

namespace Plimsoll.Bench.Prompts;

/// <summary>
/// How much of each prompt an earlier request of the run opened with: what a prefix cache that forgets
/// nothing would find. Past a million blocks nothing more is remembered, and the share is no longer known.
/// </summary>
sealed class SharedOpenings
{
    const int MostBlocks = 1 << 20;

    readonly HashSet<ulong> _seen = [];

    /// <summary>Share of the prompt at most; -1 where it is not known.</summary>
    /// <param name="request">With the keys of its leading blocks.</param>
    /// <param name="stream">Of its texts: the same key in another stream is another text.</param>
    /// <param name="everywhere">Tokens that every prompt has: a chat template's.</param>
    public double Of(in PlannedRequest request, ulong stream, int everywhere)
    {
        var keys = request.PrefixKeys.Span;
        var shared = 0;
        for (var block = 0; block < keys.Length; block++)
        {
            // Leading blocks alone count; the rest are remembered.
            if (!Add(PromptText.Mix(keys[block] ^ stream)) && shared == block)
                shared++;
        }
        return _seen.Count >= MostBlocks ? -1
            : Share((long)shared * request.PrefixBlockTokens + everywhere, request.PromptTokens);
    }

    /// <summary>The same of a text that is not drawn, in blocks of its bytes.</summary>
    public double Of(ReadOnlySpan<byte> text)
    {
        const int BlockBytes = 64;
        ulong key = 0;
        var (shared, block) = (0, 0);
        for (; (block + 1) * BlockBytes <= text.Length; block++)
        {
            var bytes = text.Slice(block * BlockBytes, BlockBytes);
            key = PromptText.Mix(key ^ System.IO.Hashing.XxHash3.HashToUInt64(bytes));
            if (!Add(key) && shared == block)
                shared++;
        }
        // What is left is shared only with a text that ends alike.
        var rest = text[(block * BlockBytes)..];
        var whole = !Add(PromptText.Mix(~key ^ System.IO.Hashing.XxHash3.HashToUInt64(rest)))
            && shared == block;
        return _seen.Count >= MostBlocks ? -1
            : whole ? 1 : Share((long)shared * BlockBytes, text.Length);
    }

    bool Add(ulong key) => _seen.Count < MostBlocks ? _seen.Add(key) : !_seen.Contains(key);

    static double Share(long shared, long all) => all > 0 ? Math.Min(1, (double)shared / all) : 0;
}
