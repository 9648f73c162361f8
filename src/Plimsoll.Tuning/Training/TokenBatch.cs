using System;
using System.Collections.Generic;
using Plimsoll.Tuning.Datasets;

namespace Plimsoll.Tuning.Training;

/// <summary>
/// One step's tokens, rows × length. Several examples may share a row: each has its own segment and
/// positions from zero, and attention stays inside a segment. A target is the token that follows,
/// or <see cref="Ignored"/>.
/// </summary>
public sealed class TokenBatch
{
    public const long Ignored = -100;

    TokenBatch(int rows, int length)
    {
        Rows = rows;
        Length = length;
        Tokens = new long[rows * length];
        Positions = new long[rows * length];
        Segments = new long[rows * length];
        Targets = new long[rows * length];
        Array.Fill(Targets, Ignored);
        Array.Fill(Segments, -1);
    }

    public int Rows { get; }
    public int Length { get; }
    public long[] Tokens { get; }
    public long[] Positions { get; }

    /// <summary>−1 is padding.</summary>
    public long[] Segments { get; }

    public long[] Targets { get; }

    /// <summary>Tokens that are no padding.</summary>
    public long Filled { get; private set; }

    /// <summary>
    /// Whether every row is one segment without padding, so that plain causal attention is the same.
    /// </summary>
    public bool IsPlain { get; private set; }

    public static TokenBatch Of(IReadOnlyList<List<RenderedExample>> rows)
    {
        var length = 0;
        foreach (var row in rows)
        {
            var used = 0;
            foreach (var example in row)
                used += example.Tokens.Length;
            length = Math.Max(length, used);
        }
        var batch = new TokenBatch(rows.Count, length) { IsPlain = true };
        for (var r = 0; r < rows.Count; r++)
            batch.Fill(r, rows[r]);
        return batch;
    }

    void Fill(int row, List<RenderedExample> examples)
    {
        var at = row * Length;
        for (var segment = 0; segment < examples.Count; segment++)
        {
            var (tokens, learned) = examples[segment];
            for (var i = 0; i < tokens.Length; i++)
            {
                Tokens[at + i] = tokens[i];
                Positions[at + i] = i;
                Segments[at + i] = segment;
                if (i + 1 < tokens.Length && learned[i + 1])
                    Targets[at + i] = tokens[i + 1];
            }
            at += tokens.Length;
            Filled += tokens.Length;
        }
        IsPlain &= examples.Count == 1 && at == (row + 1) * Length;
    }
}
