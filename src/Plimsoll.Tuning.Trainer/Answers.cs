using System;
using System.Collections.Generic;
using System.Linq;
using static TorchSharp.torch;

namespace Plimsoll.Tuning.Trainer;

/// <summary>
/// Greedy answers. Prompts of one length go together, so nothing is padded and no answer depends on another.
/// </summary>
sealed class Answers(Decoder decoder, int layers, IReadOnlyList<int> ends)
{
    const int MostRows = 64;

    /// <returns>Per prompt the answer's tokens, its end included where it came.</returns>
    public List<int>[] Of(IReadOnlyList<int[]> prompts, int mostTokens)
    {
        var answers = new List<int>[prompts.Count];
        var byLength = Enumerable.Range(0, prompts.Count).GroupBy(i => prompts[i].Length).OrderBy(g => g.Key);
        foreach (var group in byLength)
        {
            foreach (var rows in group.Chunk(MostRows))
            {
                var found = Batch([.. rows.Select(i => prompts[i])], mostTokens);
                for (var r = 0; r < rows.Length; r++)
                    answers[rows[r]] = found[r];
            }
        }
        return answers;
    }

    List<int>[] Batch(int[][] prompts, int mostTokens)
    {
        using var _ = no_grad();
        using var outer = NewDisposeScope();
        var (rows, length) = (prompts.Length, prompts[0].Length);
        var cache = new Decoder.KvCache(layers);
        var answers = prompts.Select(_ => new List<int>()).ToArray();
        var tokens = prompts.SelectMany(p => p.Select(t => (long)t)).ToArray();
        var positions = prompts.SelectMany(_ => Enumerable.Range(0, length).Select(i => (long)i)).ToArray();
        for (var step = 0; step < mostTokens; step++)
        {
            var width = tokens.Length / rows;
            var hidden = decoder.Hidden(
                Weights.Longs(tokens, rows, width), Weights.Longs(positions, tokens.Length), mask: null,
                    cache);
            var last = hidden.reshape(rows, width, -1).select(1, width - 1);
            var next = decoder.Logits(last).argmax(1).data<long>().ToArray();
            var open = false;
            for (var r = 0; r < rows; r++)
            {
                if (answers[r] is [.., var end] && ends.Contains(end))
                    continue;
                answers[r].Add((int)next[r]);
                open |= !ends.Contains((int)next[r]);
            }
            if (!open)
                break;
            tokens = next;
            positions = [.. Enumerable.Repeat((long)(length + step), rows)];
        }
        return answers;
    }
}
