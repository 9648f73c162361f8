using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Plimsoll.Tuning.Datasets;

/// <summary>
/// Finds texts that are nearly the same. Signatures are cut into bands; texts that agree in one whole
/// band are compared by their signatures, so that the cost grows with the texts and the pairs found,
/// not with all pairs.
/// </summary>
public static class NearDuplicates
{
    // 32 bands of 4: a pair whose runs overlap by 0.7 shares a band with probability 0.9999.
    const int Bands = 32;
    const int BandRows = MinHash.Functions / Bands;
    const int MostCompared = 8;

    /// <param name="texts">512 bytes of signature are kept for each.</param>
    /// <param name="similarity">From which estimated overlap of their five-character runs two
    /// texts are one.</param>
    /// <returns>For each text the lowest index among those it is nearly the same
    /// as, itself included.</returns>
    public static int[] Clusters(IReadOnlyList<string> texts, double similarity,
        CancellationToken cancellation)
    {
        var signatures = new uint[texts.Count][];
        var options = new ParallelOptions { CancellationToken = cancellation };
        Parallel.For(0, (texts.Count + 4095) / 4096, options, chunk =>
        {
            var scratch = new List<uint>();
            for (var i = chunk * 4096; i < Math.Min(texts.Count, (chunk + 1) * 4096); i++)
                MinHash.Sign(texts[i], signatures[i] = new uint[MinHash.Functions], scratch);
        });
        var parents = new int[texts.Count];
        for (var i = 0; i < parents.Length; i++)
            parents[i] = i;
        var keys = new ulong[texts.Count];
        var order = new int[texts.Count];
        for (var band = 0; band < Bands; band++)
        {
            cancellation.ThrowIfCancellationRequested();
            Join(signatures, band, keys, order, parents, similarity);
        }
        for (var i = 0; i < parents.Length; i++)
            parents[i] = Root(parents, i);
        return parents;
    }

    static void Join(uint[][] signatures, int band, ulong[] keys, int[] order, int[] parents,
        double similarity)
    {
        for (var i = 0; i < keys.Length; i++)
        {
            var key = 0UL;
            for (var row = 0; row < BandRows; row++)
                key = Words.Mix(key ^ signatures[i][band * BandRows + row]);
            (keys[i], order[i]) = (key, i);
        }
        Array.Sort(keys, order);
        for (var start = 0; start < keys.Length;)
        {
            var end = start + 1;
            while (end < keys.Length && keys[end] == keys[start])
                end++;
            // Sort does not keep equal keys in order; the first text must not depend on that.
            Array.Sort(order, start, end - start);
            JoinBucket(signatures, order.AsSpan(start, end - start), parents, similarity);
            start = end;
        }
    }

    // Each text against the few before it: a bucket of a million copies costs a million
    // steps, not their square.
    static void JoinBucket(uint[][] signatures, ReadOnlySpan<int> bucket, int[] parents, double similarity)
    {
        for (var i = 1; i < bucket.Length; i++)
        {
            for (var j = i - 1; j >= 0 && j >= i - MostCompared; j--)
            {
                var (a, b) = (Root(parents, bucket[i]), Root(parents, bucket[j]));
                if (a == b)
                    break;
                if (MinHash.Similarity(signatures[bucket[i]], signatures[bucket[j]]) >= similarity)
                    parents[Math.Max(a, b)] = Math.Min(a, b);
            }
        }
    }

    static int Root(int[] parents, int at)
    {
        while (parents[at] != at)
            at = parents[at] = parents[parents[at]];
        return at;
    }
}
