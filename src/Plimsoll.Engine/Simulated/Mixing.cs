using System;

namespace Plimsoll.Engine.Simulated;

/// <summary>
/// Hashes that stand in for chance: the same prompt and seed give the same answer for ever.
/// </summary>
static class Mixing
{
    public static ulong Mix(ulong a, ulong b)
    {
        var z = a + (b * 0x9E3779B97F4A7C15UL) + 0x632BE59BD9B4E019UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }

    public static ulong Of(ReadOnlySpan<int> tokens, ulong seed)
    {
        var hash = Mix(seed, (ulong)tokens.Length);
        foreach (var token in tokens)
            hash = Mix(hash, (ulong)(uint)token);
        return hash;
    }

    /// <summary>Uniform in (0, 1).</summary>
    public static double Unit(ulong hash) => ((hash >> 11) + 0.5) / (1UL << 53);

    /// <summary>Keys of a prompt's whole blocks, each naming its block and all before it.</summary>
    public static ulong[] BlockKeys(ReadOnlySpan<int> tokens, int blockTokens, ulong root)
    {
        if (blockTokens == 0)
            return [];
        var keys = new ulong[tokens.Length / blockTokens];
        var key = root;
        for (var i = 0; i < keys.Length; i++)
            keys[i] = key = Of(tokens.Slice(i * blockTokens, blockTokens), key);
        return keys;
    }
}
