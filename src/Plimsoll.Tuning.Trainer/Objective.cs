using System;
using System.Collections.Generic;
using Plimsoll.Tuning.Training;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Plimsoll.Tuning.Trainer;

/// <summary>Losses over batches of tokens.</summary>
static class Objective
{
    // Logits of so many tokens stay in the processor's cache.
    const int ChunkTokens = 512;

    /// <summary>
    /// Mean cross-entropy of the learned tokens. Only they go through the output matrix, chunk by chunk, and
    /// each chunk's gradients are taken while its logits are warm: they are never all in memory. What is
    /// returned for <c>backward</c> has exactly the gradients of the loss.
    /// </summary>
    public static (Tensor Surrogate, double Loss) NextToken(Decoder decoder, TokenBatch batch)
    {
        var (hidden, targets, _) = Learned(decoder, batch);
        var matrix = decoder.OutputMatrix;
        using var plain = hidden.detach();
        var gradient = zeros_like(plain);
        var matrixGradient = matrix.requires_grad ? zeros_like(matrix, requires_grad: false) : null;
        var count = targets.shape[0];
        var loss = 0.0;
        using (no_grad())
        {
            for (var at = 0L; at < count; at += ChunkTokens)
            {
                using var scope = NewDisposeScope();
                var size = Math.Min(ChunkTokens, count - at);
                var h = plain.narrow(0, at, size);
                var target = targets.narrow(0, at, size).unsqueeze(1);
                var p = log_softmax(decoder.Logits(h), 1);
                loss -= p.gather(1, target).sum().item<float>();
                p.exp_().scatter_add_(1, target, full([size, 1], -1f)).div_(count);
                gradient.narrow(0, at, size).copy_(p.mm(matrix));
                matrixGradient?.add_(p.t().mm(h));
            }
        }
        var surrogate = (hidden * gradient).sum();
        return (matrixGradient is null ? surrogate : surrogate + (matrix * matrixGradient).sum(),
            loss / count);
    }

    /// <summary>
    /// DPO: −log σ(β·((chosen − its reference) − (rejected − its reference))), mean over pairs. Rows come in
    /// pairs, chosen first, one example a row.
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
        var (hidden, targets, rows) = Learned(decoder, batch);
        var each = log_softmax(decoder.Logits(hidden), 1).gather(1, targets.unsqueeze(1)).squeeze(1);
        return zeros(batch.Rows).index_add(0, rows, each, 1);
    }

    static (Tensor Hidden, Tensor Targets, Tensor Rows) Learned(Decoder decoder, TokenBatch batch)
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
            Weights.Longs(batch.Tokens, batch.Rows, batch.Length),
                Weights.Longs(batch.Positions, batch.Tokens.Length), Mask(batch));
        var learned = at.Count == batch.Tokens.Length ? hidden : hidden.index_select(0, tensor(at.ToArray()));
        return (learned, tensor(targets.ToArray()), tensor(rows.ToArray()));
    }

    /// <summary>
    /// Who sees whom: earlier tokens of the same segment. Padding sees itself, so that no row is empty.
    /// </summary>
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
