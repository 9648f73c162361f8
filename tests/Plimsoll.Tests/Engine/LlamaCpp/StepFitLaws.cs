using System;
using System.Collections.Generic;
using CsCheck;
using Plimsoll.Core.Timing;
using Plimsoll.Engine.Timing;
using Plimsoll.Inputs.Measured;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Engine.LlamaCpp;

/// <summary>Step times fitted to timed steps.</summary>
public sealed class StepFitLaws
{
    /// <summary>One step in five took up to thirty times as long: the machine was taken away.</summary>
    [Theory]
    [InlineData(1, 1e5, 1e3, 10, 0.1)]
    [InlineData(2, 1e6, 5e4, 100, 1)]
    [InlineData(3, 5e6, 5e5, 500, 20)]
    [InlineData(4, 2e5, 3e5, 50, 5)]
    public void Steps_of_a_known_law_are_found_under_interruptions(
        int seed, double fixedNs, double perToken, double perContext, double perPair)
    {
        double Law(in StepShape shape) => fixedNs + (perToken * shape.Tokens)
            + (perContext * shape.DecodeContextTokens) + (perPair * shape.PrefillPairs);
        var random = new Random(seed);
        var steps = new List<MeasuredStep>();
        for (var i = 0; i < 600; i++)
        {
            var shape = Draw(random);
            steps.Add(new MeasuredStep(
                shape, Law(shape) * (random.Next(5) == 0 ? 1 + (29 * random.NextDouble()) : 1)));
        }
        var fit = StepFit.Of(steps);
        fit.Fault().ShouldBeNull();
        for (var i = 0; i < 30; i++)
        {
            var shape = Draw(random);
            StepFit.PredictNs(fit, shape).ShouldBe(Law(shape), 0.1 * Law(shape));
        }
    }

    [Fact]
    public void Whatever_was_timed_the_fit_is_sound() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int).Sample((count, seed) =>
        {
            var random = new Random(seed);
            var steps = new List<MeasuredStep>();
            for (var i = 0; i < count; i++)
                steps.Add(new MeasuredStep(Draw(random), random.Next(1, 1_000_000_000)));
            StepFit.Of(steps).Fault().ShouldBeNull();
        }, iter: 100);

    static StepShape Draw(Random random)
    {
        var shape = new StepShape();
        var decodes = random.Next(0, 33);
        shape.AddDecodes(decodes, decodes * random.Next(10, 500));
        if (decodes == 0 || random.Next(3) == 0)
            shape.AddChunk(random.Next(0, 200), random.Next(1, 256), endsPrompt: false);
        return shape;
    }
}
