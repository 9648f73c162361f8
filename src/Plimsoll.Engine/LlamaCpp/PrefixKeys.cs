using System;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>
/// Keys of a prompt's whole leading blocks: each names its tokens, all before them, the adapter, and a salt
/// of the process, so that nobody can write a prompt whose key is another's.
/// </summary>
static class PrefixKeys
{
    public static ulong[] Of(ReadOnlySpan<int> tokens, int blockTokens, ulong salt)
    {
        if (blockTokens <= 0)
            return [];
        var keys = new ulong[tokens.Length / blockTokens];
        var hash = salt;
        for (var block = 0; block < keys.Length; block++)
        {
            foreach (var token in tokens.Slice(block * blockTokens, blockTokens))
            {
                hash = (hash ^ (uint)token) * 0x9E3779B97F4A7C15;
                hash ^= hash >> 29;
                hash = (hash + salt) * 0xBF58476D1CE4E5B9;
                hash ^= hash >> 32;
            }
            keys[block] = hash;
        }
        return keys;
    }
}
