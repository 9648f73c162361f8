using System;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// Turns a row's block hashes into prefix keys: each key is mixed with the key before it, so that it names
/// its block and all before. Where a format already hashes whole prefixes nothing is lost; where it hashes
/// blocks alone, two prompts share a key only as far as their beginnings agree.
/// </summary>
sealed class PrefixChain
{
    ulong[] _keys = new ulong[256];
    ulong _last;

    public int Count { get; private set; }

    /// <summary>Begins a row. Rows of different scopes never share a key.</summary>
    public void Begin(ulong scope = 0)
    {
        _last = Mix(scope + 0x9E3779B97F4A7C15UL);
        Count = 0;
    }

    public void Add(ulong blockHash)
    {
        if (Count == _keys.Length)
            Array.Resize(ref _keys, 2 * _keys.Length);
        _last = Mix(_last ^ (blockHash * 0xD1B54A32D192ED03UL));
        _keys[Count++] = _last;
    }

    /// <summary>The keys of the prompt's whole blocks; a partial last block has none.</summary>
    public ReadOnlyMemory<ulong> Whole(int promptTokens, int blockTokens) =>
        _keys.AsMemory(0, Math.Min(Count, promptTokens / blockTokens));

    public static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
