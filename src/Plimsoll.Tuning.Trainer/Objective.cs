using System;
using System.Collections.Generic;
using Plimsoll.Tuning.Training;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Plimsoll.Tuning.Trainer;

/// <summary>Losses over batches of tokens.</summary>
static class Objective
{
    /// <summary>Mean cross-entropy of the learned tokens. Only they go through the output matrix.</summary>
    public static Tensor NextToken(Decoder decoder, TokenBatch batch)
    {
        var (logits, targets, _) = Learned(decoder, batch);
        return cross_entropy(logits, targets);
    }

    /// <summary>
    /// DPO: −log σ(β·((chosen − its reference) − (rejected − its reference))), mean over pairs. Rows come in pairs,
    /// chosen first, one example a row.
    /// </summary>
    public static Tensor Preference(Decoder decoder, TokenBatch batch, Tensor reference, double beta)
    {
        var sums = LogLikelihoods(decoder, batch) - reference;
        var pairs = sums.reshape(-1, 2);
        return -logsigmoid(beta * (pairs.select(1, 0) - pairs.select(1, 1))).mean();
    }

    /// <summary>Of each row's learned tokens, summed: [rows].</summary>
    public static Tensor LogLikelihoods(Decoder decoder, TokenBatch batch)
    {
        var (logits, targets, rows) = Learned(decoder, batch);
        var each = log_softmax(logits, 1).gather(1, targets.unsqueeze(1)).squeeze(1);
        return zeros(batch.Rows).index_add(0, rows, each, 1);
    }

    static (Tensor Logits, Tensor Targets, Tensor Rows) Learned(Decoder decoder, TokenBatch batch)
    {
        var (at, targets, rows) = (new List<long>(), new List<long>(), new List<long>());
        for (var i = 0; i < batch.Targets.Length; i++)
        {
            if (batch.Targets[i] == TokenBatch.Ignored)
                continue;
            at.Add(i);
            targets.Add(batch.Targets[i]);
            rows.Add(i / batch.Length);
        }
        var hidden = decoder.Hidden(
            Weights.Longs(batch.Tokens, batch.Rows, batch.Length), Weights.Longs(batch.Positions, batch.Tokens.Length), Mask(batch));
        var learned = at.Count == batch.Tokens.Length ? hidden : hidden.index_select(0, tensor(at.ToArray()));
        return (decoder.Logits(learned), tensor(targets.ToArray()), tensor(rows.ToArray()));
    }

    /// <summary>Who sees whom: earlier tokens of the same segment. Padding sees itself, so that no row is empty.</summary>
    public static Tensor? Mask(TokenBatch batch)
    {
        if (batch.IsPlain)
            return null;
        var segments = Weights.Longs(batch.Segments, batch.Rows, batch.Length);
        var same = segments.unsqueeze(2).eq(segments.unsqueeze(1));
        var causal = ones(batch.Length, batch.Length, dtype: ScalarType.Bool).tril();
        return same.logical_and(causal).unsqueeze(1);
    }
}
