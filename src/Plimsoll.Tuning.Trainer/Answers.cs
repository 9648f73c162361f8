using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Tuning.Training;
using static TorchSharp.torch;

namespace Plimsoll.Tuning.Trainer;

/// <summary>
/// Greedy answers. Prompts of one length go together, so nothing is padded and no answer depends on another.
/// </summary>
sealed class Answers(Decoder decoder, int layers, IReadOnlyList<int> ends)
{
    const int MostRows = 64;

    /// <returns>Per prompt its answer.</returns>
    public GreedyAnswer[] Of(IReadOnlyList<int[]> prompts, int mostTokens)
    {
        var answers = new GreedyAnswer[prompts.Count];
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

    GreedyAnswer[] Batch(int[][] prompts, int mostTokens)
    {
        using var _ = no_grad();
        using var outer = NewDisposeScope();
        var (rows, length) = (prompts.Length, prompts[0].Length);
        var cache = new Decoder.KvCache(layers);
        var said = prompts.Select(_ => new List<Choice>()).ToArray();
        var tokens = prompts.SelectMany(p => p.Select(t => (long)t)).ToArray();
        var positions = prompts.SelectMany(_ => Enumerable.Range(0, length).Select(i => (long)i)).ToArray();
        for (var step = 0; step < mostTokens; step++)
        {
            var width = tokens.Length / rows;
            var hidden = decoder.Hidden(
                Weights.Longs(tokens, rows, width), Weights.Longs(positions, tokens.Length), mask: null,
                    cache);
            var last = hidden.reshape(rows, width, -1).select(1, width - 1);
            var choices = Choices(decoder.Logits(last));
            var open = false;
            for (var r = 0; r < rows; r++)
            {
                if (said[r] is [.., var end] && ends.Contains(end.Token))
                    continue;
                said[r].Add(choices[r]);
                open |= !ends.Contains(choices[r].Token);
            }
            if (!open)
                break;
            tokens = [.. choices.Select(c => (long)c.Token)];
            positions = [.. Enumerable.Repeat((long)(length + step), rows)];
        }
        return [.. said.Select(s => new GreedyAnswer(
            s.ConvertAll(c => c.Token), s.ConvertAll(c => c.Second), s.ConvertAll(c => c.Margin)))];
    }

    // Of equal logits the first is said, wherever a sort puts it.
    static Choice[] Choices(Tensor logits)
    {
        var first = logits.argmax(1).data<long>().ToArray();
        var (values, tokens) = logits.topk(2, 1);
        var (best, two) = (values.data<float>().ToArray(), tokens.data<long>().ToArray());
        return [.. first.Select((token, r) => new Choice((int)token,
            (int)(two[2 * r] == token ? two[2 * r + 1] : two[2 * r]), best[2 * r] - best[2 * r + 1]))];
    }

    readonly record struct Choice(int Token, int Second, double Margin);
}
