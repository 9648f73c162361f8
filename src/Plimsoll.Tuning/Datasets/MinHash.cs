using System;
using System.Collections.Generic;
using System.Numerics;
using System.Runtime.InteropServices;
using Plimsoll.Core.Draws;

namespace Plimsoll.Tuning.Datasets;

/// <summary>
/// A text's signature: of 128 hash functions the least value over its runs of five characters, letter case
/// and punctuation left out. Two texts agree in a share of places that estimates the overlap (Jaccard) of
/// their runs. Broder 1997.
/// </summary>
static class MinHash
{
    public const int Functions = 128;
    const int Run = 5;

    static readonly uint[] _masks = Draw(0);
    static readonly uint[] _factors = Draw(1);

    /// <param name="signature">128 values.</param>
    /// <param name="scratch">Emptied and used.</param>
    public static void Sign(string text, Span<uint> signature, List<uint> scratch)
    {
        signature.Fill(uint.MaxValue);
        Runs(text, scratch);
        var runs = CollectionsMarshal.AsSpan(scratch);
        var lanes = Vector<uint>.Count;
        // A few functions at a time over all runs: their least values stay in registers.
        for (var at = 0; at < Functions; at += 4 * lanes)
        {
            var (m0, m1, m2, m3) = (Load(_masks, at), Load(_masks, at + lanes), Load(_masks, at + 2 * lanes),
                Load(_masks, at + 3 * lanes));
            var (f0, f1, f2, f3) = (Load(_factors, at), Load(_factors, at + lanes),
                Load(_factors, at + 2 * lanes), Load(_factors, at + 3 * lanes));
            var least0 = new Vector<uint>(uint.MaxValue);
            var (least1, least2, least3) = (least0, least0, least0);
            foreach (var run in runs)
            {
                var x = new Vector<uint>(run);
                least0 = Vector.Min(least0, (x ^ m0) * f0);
                least1 = Vector.Min(least1, (x ^ m1) * f1);
                least2 = Vector.Min(least2, (x ^ m2) * f2);
                least3 = Vector.Min(least3, (x ^ m3) * f3);
            }
            least0.CopyTo(signature[at..]);
            least1.CopyTo(signature[(at + lanes)..]);
            least2.CopyTo(signature[(at + 2 * lanes)..]);
            least3.CopyTo(signature[(at + 3 * lanes)..]);
        }
    }

    /// <summary>Share of places in which two signatures agree.</summary>
    public static double Similarity(ReadOnlySpan<uint> a, ReadOnlySpan<uint> b)
    {
        var equal = 0;
        for (var i = 0; i < Functions; i++)
            equal += a[i] == b[i] ? 1 : 0;
        return equal / (double)Functions;
    }

    static void Runs(string text, List<uint> runs)
    {
        runs.Clear();
        var window = 0UL;
        var length = 0;
        var spaced = true;
        foreach (var c in text)
        {
            var letter = char.IsLetterOrDigit(c);
            if (!letter && spaced)
                continue;
            spaced = !letter;
            // Five characters of twelve bits each: enough to tell letters of one script apart.
            window = ((window << 12) | ((letter ? char.ToLowerInvariant(c)
                : ' ') & 0xfffu)) & 0xfff_ffff_ffff_ffffUL;
            if (++length >= Run)
                runs.Add((uint)Words.Mix(window));
        }
        if (length is > 0 and < Run)
            runs.Add((uint)Words.Mix(window));
    }

    static Vector<uint> Load(uint[] values, int at) => new(values, at);

    static uint[] Draw(ulong purpose)
    {
        var draws = new RandomStream(seed: 128, purpose);
        var values = new uint[Functions];
        for (var i = 0; i < Functions; i++)
            values[i] = (uint)draws.NextBits() | 1;
        return values;
    }
}
