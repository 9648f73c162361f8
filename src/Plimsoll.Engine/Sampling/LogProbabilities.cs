using System;
using System.Collections.Generic;
using System.Numerics.Tensors;

namespace Plimsoll.Engine.Sampling;

/// <summary>Log probabilities as the model gives them, before anything changes or cuts them.</summary>
static class LogProbabilities
{
    /// <summary>
    /// Natural logarithm of the sum of all exponentials: what a logit loses to be a log probability.
    /// </summary>
    public static float Normaliser(ReadOnlySpan<float> logits, SamplingScratch scratch)
    {
        var largest = TensorPrimitives.Max(logits);
        var weights = scratch.Weights.AsSpan(0, logits.Length);
        TensorPrimitives.Subtract(logits, largest, weights);
        TensorPrimitives.Exp(weights, weights);
        return largest + MathF.Log(TensorPrimitives.Sum(weights));
    }

    /// <summary>The likeliest tokens, the first first.</summary>
    public static TokenLogprob[] Top(
        ReadOnlySpan<float> logits, int count, float normaliser, Func<int, string> text)
    {
        var best = new PriorityQueue<int, float>(count + 1);
        for (var token = 0; token < logits.Length; token++)
        {
            if (best.Count == count && best.TryPeek(out _, out var least) && logits[token] <= least)
                continue;
            best.Enqueue(token, logits[token]);
            if (best.Count > count)
                best.Dequeue();
        }
        var top = new TokenLogprob[best.Count];
        for (var i = top.Length - 1; i >= 0; i--)
        {
            var token = best.Dequeue();
            top[i] = new TokenLogprob(token, text(token), logits[token] - normaliser);
        }
        return top;
    }
}
