using System;
using System.Collections.Generic;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// Share of prompt tokens that a cache of unlimited size would already hold. A key names its block and all
/// before it, so each key seen earlier is a hit on its own account, and a sample of the keys, chosen by
/// their hash, gives an unbiased share: the sample is halved whenever it outgrows its memory.
/// </summary>
sealed class PrefixSharing
{
    const int MostKeys = 1 << 21;

    readonly HashSet<ulong> _seen = [];
    ulong _sampleMask;
    double _hits;

    public bool Sampled => _sampleMask != 0;

    /// <summary>Blocks found in the cache.</summary>
    public double HitBlocks => _hits;

    public void Add(ReadOnlySpan<ulong> keys)
    {
        foreach (var key in keys)
        {
            if ((PrefixChain.Mix(key) & _sampleMask) != 0)
                continue;
            if (!_seen.Add(key))
                _hits += _sampleMask + 1;
            else if (_seen.Count > MostKeys)
                Halve();
        }
    }

    void Halve()
    {
        _sampleMask = (_sampleMask << 1) | 1;
        _seen.RemoveWhere(key => (PrefixChain.Mix(key) & _sampleMask) != 0);
    }
}
