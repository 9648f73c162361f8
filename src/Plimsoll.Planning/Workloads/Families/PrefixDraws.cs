using System;

namespace Plimsoll.Planning.Workloads.Families;

/// <summary>
/// Draws what a prompt opens with. A document's keys are one array that grows and is shared by all its
/// readers; the scheduler may hold on to a slice for as long as it likes.
/// </summary>
sealed class PrefixDraws
{
    readonly PrefixSpec _spec;
    readonly double[] _popularity;
    readonly ulong[]?[] _documents;
    RandomStream _random;

    public PrefixDraws(PrefixSpec spec, ulong seed)
    {
        _spec = spec;
        _random = new RandomStream(seed, purpose: 5);
        _documents = new ulong[spec.Documents][];
        _popularity = new double[spec.Documents];
        double sum = 0;
        for (var i = 0; i < spec.Documents; i++)
            _popularity[i] = sum += Math.Pow(i + 1, -spec.ZipfExponent);
        for (var i = 0; i < spec.Documents; i++)
            _popularity[i] /= sum;
    }

    public ReadOnlyMemory<ulong> Next(int promptTokens)
    {
        var reuses = _random.NextDouble() < _spec.Share;
        var level = _random.NextDouble();
        var blocks = (int)(_spec.SharedFraction * promptTokens) / _spec.BlockTokens;
        if (!reuses || blocks == 0)
            return ReadOnlyMemory<ulong>.Empty;
        var document = Array.BinarySearch(_popularity, level);
        document = Math.Min(document < 0 ? ~document : document, _documents.Length - 1);
        return Keys(document, blocks).AsMemory(0, blocks);
    }

    ulong[] Keys(int document, int blocks)
    {
        var keys = _documents[document];
        if (keys is not null && keys.Length >= blocks)
            return keys;
        var grown = new ulong[Math.Max(blocks, 2 * (keys?.Length ?? 8))];
        for (var i = 0; i < grown.Length; i++)
            grown[i] = PrefixKeys.Of((ulong)document, i);
        return _documents[document] = grown;
    }
}

/// <summary>Keys of invented content: one number per owner and depth, never 0.</summary>
static class PrefixKeys
{
    public static ulong Of(ulong owner, int depth)
    {
        var z = (owner + 1) * 0x9E3779B97F4A7C15UL + (ulong)(depth + 1) * 0xD1B54A32D192ED03UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return (z ^ (z >> 31)) | 1;
    }
}
