using System;
using System.Collections.Generic;
using System.Linq;
using CsCheck;
using Plimsoll.Engine;
using Plimsoll.Engine.Sampling;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Engine.Sampling;

public sealed class TokenSamplerTests
{
    static readonly float[] _logits = [1, 3, 2, -1, 0, 2.5f, float.NegativeInfinity, 1.5f];

    [Fact]
    public void Greedy_takes_the_likeliest() =>
        Draw(new SamplingOptions { Temperature = 0 }, 5).ShouldAllBe(token => token == 1);

    [Fact]
    public void Tokens_come_as_often_as_the_model_says()
    {
        var counts = Count(new SamplingOptions { Temperature = 1 }, 40_000);
        var total = _logits.Sum(logit => Math.Exp(logit));
        for (var token = 0; token < _logits.Length; token++)
            (counts.GetValueOrDefault(token) / 40_000.0).ShouldBe(Math.Exp(_logits[token]) / total, 0.012);
        counts.ShouldNotContainKey(6);
    }

    [Theory]
    [InlineData(2, 1f, 0f, 1f, new[] { 1, 5 })]
    [InlineData(0, 0.5f, 0f, 1f, new[] { 1, 5 })]
    [InlineData(0, 1f, 0.5f, 1f, new[] { 1, 5 })]
    [InlineData(3, 1f, 0.55f, 1f, new[] { 1, 5 })]
    [InlineData(1, 1f, 0f, 1f, new[] { 1 })]
    [InlineData(0, 0.0001f, 0f, 1f, new[] { 1 })]
    public void Cuts_leave_what_they_should(int topK, float topP, float minP, float typical, int[] left)
    {
        var options =
            new SamplingOptions { Temperature = 1, TopK = topK, TopP = topP, MinP = minP,
            TypicalP = typical };
        Count(options, 3000).Keys.Order().ShouldBe(left.Order());
    }

    /// <summary>
    /// Tokens of expected surprise stay, the likeliest may go (Meister et al., 2022, figure 1).
    /// </summary>
    [Fact]
    public void Typical_tokens_are_those_of_expected_surprise()
    {
        var kept = Count(new SamplingOptions { Temperature = 1, TypicalP = 0.2f }, 3000).Keys.ToList();
        var total = _logits.Sum(logit => Math.Exp(logit));
        var entropy = -_logits.Where(float.IsFinite)
            .Sum(l => Math.Exp(l) / total * Math.Log(Math.Exp(l) / total));
        var order = Enumerable.Range(0, 8).Where(t => float.IsFinite(_logits[t]))
            .OrderBy(t => Math.Abs(-Math.Log(Math.Exp(_logits[t]) / total) - entropy)).ToList();
        kept.Order().ShouldBe(order.Take(kept.Count).Order());
    }

    [Fact]
    public void Penalties_bias_and_repetitions_change_who_is_likeliest()
    {
        Draw(new SamplingOptions { Temperature = 0, LogitBias = new Dictionary<int,
            float> { [4] = 10, [99] = 5 } }, 2)
            .ShouldAllBe(token => token == 4);
        Draw(new SamplingOptions { Temperature = 0, PresencePenalty = 1 }, 3).ShouldBe([1, 5, 1]);
        Draw(new SamplingOptions { Temperature = 0, FrequencyPenalty = 0.4f }, 4).ShouldBe([1, 1, 5, 1]);
        Draw(new SamplingOptions { Temperature = 0, RepetitionPenalty = 2 }, 2, prompt: [1]).ShouldBe([5, 2]);
        Draw(new SamplingOptions { Temperature = 0, DryMultiplier = 2 }, 1, prompt: [7, 3, 1, 0, 7, 3])
            .ShouldBe([5]);
        Draw(new SamplingOptions { Temperature = 0, DryMultiplier = 2, DryAllowedLength = 3 }, 1,
            prompt: [7, 3, 1, 0, 7, 3])
            .ShouldBe([1]);
    }

    [Fact]
    public void The_same_seed_draws_the_same()
    {
        var options = new SamplingOptions { Temperature = 1.3f, TopP = 0.95f, Seed = 7 };
        Draw(options, 50).ShouldBe(Draw(options, 50));
        Draw(options with { Seed = 8 }, 50).ShouldNotBe(Draw(options, 50));
    }

    /// <summary>
    /// Whatever the logits and options, a token that may be drawn is drawn, and never a forbidden one.
    /// </summary>
    [Fact]
    public void Nothing_forbidden_is_ever_drawn() => Gen.Select(
        Gen.OneOf(Gen.Float[-50, 50], Gen.Const(float.NegativeInfinity), Gen.Const(float.NaN)).Array[1, 40],
        Gen.Int[0, 5], Gen.Float[0, 1], Gen.Float[0, 1], Gen.Float[0.05f, 1], Gen.Float[0, 2])
            .Sample((logits, k, p, min, typical, heat) =>
        {
            var options = new SamplingOptions
            {
                Temperature = heat, TopK = k, TopP = p, MinP = min, TypicalP = typical, Seed = 1,
            };
            var token = new TokenSampler(options, [], 1).Draw(logits, new SamplingScratch(logits.Length));
            if (Array.TrueForAll(logits, float.IsFinite))
                token.ShouldBeInRange(0, logits.Length - 1);
            if (token >= 0)
                float.IsNegativeInfinity(logits[token]).ShouldBeFalse();
            else
                logits.ShouldAllBe(logit => !float.IsFinite(logit));
        }, iter: 3000);

    static List<int> Draw(SamplingOptions options, int count, int[]? prompt = null)
    {
        var sampler = new TokenSampler(options, prompt ?? [], 1);
        var scratch = new SamplingScratch(_logits.Length);
        var tokens = new List<int>();
        for (var i = 0; i < count; i++)
        {
            tokens.Add(sampler.Draw(_logits, scratch));
            sampler.Accept(tokens[^1]);
        }
        return tokens;
    }

    static Dictionary<int, int> Count(SamplingOptions options, int draws) =>
        Draw(options, draws).GroupBy(token => token).ToDictionary(group => group.Key, group => group.Count());
}
