using System;
using System.Collections.Generic;
using System.Numerics.Tensors;
using Plimsoll.Core.Draws;

namespace Plimsoll.Engine.Sampling;

/// <summary>
/// Draws the tokens of one answer. Logits are changed by bias, penalties and DRY, divided by the temperature,
/// and cut by top-k, typical, top-p and min-p, in this order; the same seed and logits give the same tokens
/// on every machine.
/// </summary>
public sealed class TokenSampler
{
    readonly SamplingOptions _options;
    readonly Dictionary<int, int>? _generated;
    readonly HashSet<int>? _seen;
    readonly Repetitions? _repetitions;
    readonly bool _changesLogits;
    RandomStream _random;

    /// <param name="options">How tokens are drawn.</param>
    /// <param name="prompt">What the answer goes on from; the repetition penalty counts it.</param>
    /// <param name="seed">Seed where the options name none.</param>
    public TokenSampler(SamplingOptions options, ReadOnlySpan<int> prompt, ulong seed)
    {
        _options = options;
        _random = new RandomStream(options.Seed ?? seed, purpose: 0x746F6B);
        if (options.PresencePenalty != 0 || options.FrequencyPenalty != 0)
            _generated = [];
        if (options.RepetitionPenalty != 1)
            _seen = [.. prompt];
        if (options.DryMultiplier > 0)
            _repetitions = new Repetitions(options, prompt);
        _changesLogits = options.LogitBias is { Count: > 0 } || _generated is not null || _seen is not null
            || _repetitions is not null;
    }

    /// <summary>Greedy, and nothing changes the logits: the largest one is the token.</summary>
    public bool IsPlain => _options.Temperature <= 0 && !_changesLogits;

    /// <summary>
    /// Draws a token. Logits of minus infinity are never drawn; negative when there is nothing else.
    /// </summary>
    public int Draw(ReadOnlySpan<float> logits, SamplingScratch scratch)
    {
        if (_changesLogits)
        {
            logits.CopyTo(scratch.Logits);
            Change(scratch.Logits);
            logits = scratch.Logits;
        }
        var likeliest = TensorPrimitives.IndexOfMax(logits);
        if (likeliest < 0 || !float.IsFinite(logits[likeliest]))
            return Finite(logits);
        if (_options.Temperature <= 0 || _options.TopK == 1)
            return likeliest;
        return _options.TopK <= 0 && _options.TopP >= 1 && _options.TypicalP >= 1
            ? DrawFromAll(logits, logits[likeliest], scratch)
            : DrawFromBest(logits, logits[likeliest], scratch);
    }

    /// <summary>Learns what was taken.</summary>
    public void Accept(int token)
    {
        if (_generated is not null)
            _generated[token] = _generated.GetValueOrDefault(token) + 1;
        _seen?.Add(token);
        _repetitions?.Add(token);
    }

    /// <summary>The largest logit that is a number, where the largest is not one.</summary>
    static int Finite(ReadOnlySpan<float> logits)
    {
        var best = -1;
        for (var token = 0; token < logits.Length; token++)
        {
            if (float.IsFinite(logits[token]) && (best < 0 || logits[token] > logits[best]))
                best = token;
        }
        return best;
    }

    void Change(Span<float> logits)
    {
        if (_seen is not null)
        {
            foreach (var token in _seen)
            {
                logits[token] = logits[token] > 0 ? logits[token] / _options.RepetitionPenalty
                    : logits[token] * _options.RepetitionPenalty;
            }
        }
        if (_generated is not null)
        {
            foreach (var (token, count) in _generated)
                logits[token] -= (count * _options.FrequencyPenalty) + _options.PresencePenalty;
        }
        _repetitions?.Penalise(logits);
        if (_options.LogitBias is { } bias)
        {
            foreach (var (token, added) in bias)
            {
                if ((uint)token < (uint)logits.Length)
                    logits[token] += added;
            }
        }
    }

    int DrawFromAll(ReadOnlySpan<float> logits, float largest, SamplingScratch scratch)
    {
        var weights = scratch.Weights.AsSpan(0, logits.Length);
        Weigh(logits, largest, weights);
        if (_options.MinP > 0)
        {
            for (var token = 0; token < weights.Length; token++)
                weights[token] = weights[token] < _options.MinP ? 0 : weights[token];
        }
        return Pick(weights);
    }

    int DrawFromBest(ReadOnlySpan<float> logits, float largest, SamplingScratch scratch)
    {
        var count = Candidates(logits, largest, scratch);
        var tokens = scratch.Tokens.AsSpan(0, count);
        var weights = scratch.Weights.AsSpan(0, count);
        for (var i = 0; i < count; i++)
            weights[i] = MathF.Exp((logits[tokens[i]] - largest) / _options.Temperature);
        if (_options.TypicalP < 1)
            count = KeepTypical(tokens, weights, scratch.Keys);
        if (_options.TopP < 1)
            count = KeepMass(weights[..count], _options.TopP);
        if (_options.MinP > 0)
        {
            var least = _options.MinP * TensorPrimitives.Max(weights[..count]);
            for (var i = 0; i < count; i++)
                weights[i] = weights[i] < least ? 0 : weights[i];
        }
        return tokens[Pick(weights[..count])];
    }

    /// <summary>
    /// Gathers what top-k and top-p can keep, the likeliest first, without sorting the vocabulary: those
    /// within a margin of the best, a wider one until it holds enough.
    /// </summary>
    int Candidates(ReadOnlySpan<float> logits, float largest, SamplingScratch scratch)
    {
        var wanted = _options.TopK > 0 ? Math.Min(_options.TopK, logits.Length) : logits.Length;
        var mass = 0.0;
        if (_options.TopK <= 0)
        {
            Weigh(logits, largest, scratch.Weights);
            mass = TensorPrimitives.Sum(scratch.Weights.AsSpan(0, logits.Length)) * (double)_options.TopP;
        }
        var all = _options.TypicalP < 1 && _options.TopK <= 0;
        for (var margin = 6 * _options.Temperature; ; margin *= 4)
        {
            var least = all || margin > 1e6f ? float.MinValue : largest - margin;
            var count = 0;
            var held = 0.0;
            for (var token = 0; token < logits.Length; token++)
            {
                if (logits[token] < least)
                    continue;
                scratch.Tokens[count] = token;
                scratch.Keys[count++] = -logits[token];
                held += _options.TopK <= 0 ? scratch.Weights[token] : 0;
            }
            if (least > float.MinValue && (_options.TopK > 0 ? count < wanted : held < mass))
                continue;
            scratch.Keys.AsSpan(0, count).Sort(scratch.Tokens.AsSpan(0, count));
            return Math.Min(count, wanted);
        }
    }

    void Weigh(ReadOnlySpan<float> logits, float largest, Span<float> weights)
    {
        weights = weights[..logits.Length];
        TensorPrimitives.Subtract(logits, largest, weights);
        TensorPrimitives.Divide(weights, _options.Temperature, weights);
        TensorPrimitives.Exp(weights, weights);
    }

    /// <summary>The first weights that together reach this share; at least one.</summary>
    static int KeepMass(Span<float> weights, float share)
    {
        var enough = TensorPrimitives.Sum(weights) * share;
        var sum = 0f;
        for (var i = 0; i < weights.Length; i++)
        {
            sum += weights[i];
            if (sum >= enough)
                return i + 1;
        }
        return weights.Length;
    }

    /// <summary>
    /// Keeps the tokens whose surprise is nearest to the expected one (Meister et al., 2022), and puts them
    /// back in order of likelihood.
    /// </summary>
    int KeepTypical(Span<int> tokens, Span<float> weights, float[] keys)
    {
        var total = TensorPrimitives.Sum(weights);
        var entropy = 0.0;
        foreach (var weight in weights)
            entropy -= weight > 0 ? weight / total * Math.Log(weight / total) : 0;
        var order = new int[weights.Length];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
            keys[i] = weights[i] > 0 ? (float)Math.Abs(-Math.Log(weights[i] / total) - entropy)
                : float.MaxValue;
        }
        keys.AsSpan(0, order.Length).Sort(order.AsSpan());
        var kept = 0;
        for (var sum = 0f; kept < order.Length && sum < total * _options.TypicalP; kept++)
            sum += weights[order[kept]];
        kept = Math.Max(1, kept);
        Array.Sort(order, 0, kept);
        for (var i = 0; i < kept; i++)
            (tokens[i], weights[i]) = (tokens[order[i]], weights[order[i]]);
        return kept;
    }

    int Pick(ReadOnlySpan<float> weights)
    {
        var point = _random.NextDouble() * TensorPrimitives.Sum(weights);
        var last = 0;
        for (var i = 0; i < weights.Length; i++)
        {
            if (weights[i] <= 0)
                continue;
            last = i;
            point -= weights[i];
            if (point < 0)
                return i;
        }
        return last;
    }
}
