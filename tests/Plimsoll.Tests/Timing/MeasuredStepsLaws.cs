using System.Collections.Generic;
using System.Linq;
using CsCheck;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Tests.Simulation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Timing;

/// <summary>Steps that were timed whole come out of the step-time model as they went in.</summary>
public sealed class MeasuredStepsLaws
{
    static readonly Gen<MeasuredStepsSpec> AnySteps =
        from knots in Gen.Int[2, 10]
        from first in Gen.Double[1e3, 1e6]
        from rises in Gen.Double[0, 1e6].Array[knots - 1]
        from context in Gen.Double[0, 500]
        from pair in Gen.Double[0, 50]
        select new MeasuredStepsSpec(
            [.. Enumerable.Range(0, knots).Select(i => 1 << i)], Sums(first, rises), context, pair);

    [Fact]
    public void A_decode_step_takes_what_its_tokens_and_contexts_cost() =>
        Gen.Select(AnySteps, Gen.Int[1, 300], Gen.Int[1, 4000]).Sample((steps, decodes, context) =>
        {
            var shape = new StepShape();
            shape.AddDecodes(decodes, (long)decodes * context);
            var expected = steps.OfTokens(decodes) + (steps.ContextTokenNs * decodes * context);
            // The mean context is known to a page of 16 tokens.
            var page = 16.0 * decodes * steps.ContextTokenNs;
            ((double)Model(steps).PredictNs(shape)).ShouldBe(
                expected, page + (0.003 * expected) + 2);
        }, iter: 200);

    [Fact]
    public void A_prompt_takes_what_its_tokens_and_pairs_cost() =>
        Gen.Select(AnySteps, Gen.Int[1, 2000], Gen.Int[0, 3000]).Sample((steps, tokens, start) =>
        {
            var shape = new StepShape();
            shape.AddChunk(start, tokens, endsPrompt: true);
            var expected = steps.OfTokens(tokens) + (steps.PairNs * shape.PrefillPairs);
            ((double)Model(steps).PredictNs(shape)).ShouldBe(expected, (0.003 * expected) + 2);
        }, iter: 200);

    [Fact]
    public void Knots_that_fall_or_repeat_are_named()
    {
        new MeasuredStepsSpec([1, 2], [5, 4], 0, 0).Fault().ShouldBe("the time of 2 tokens falls");
        new MeasuredStepsSpec([1, 1], [5, 5], 0, 0).Fault().ShouldBe("the knot 1 does not rise");
        new MeasuredStepsSpec([1], [5], 0, 0).Fault().ShouldNotBeNull();
        new MeasuredStepsSpec([1, 2], [5, 6], -1, 0).Fault().ShouldNotBeNull();
        new MeasuredStepsSpec([1, 2], [5, double.NaN], 0, 0).Fault().ShouldNotBeNull();
        new MeasuredStepsSpec([1, 2], [5, 6], 1, 1).Fault().ShouldBeNull();
    }

    static List<double> Sums(double first, double[] rises)
    {
        var sums = new List<double> { first };
        foreach (var rise in rises)
            sums.Add(sums[^1] + rise);
        return sums;
    }

    static StepTimeModel Model(MeasuredStepsSpec steps)
    {
        var deployment = TestDeployments.Small;
        var curves = EfficiencyCurves.Datasheet(deployment.Accelerator, "vllm") with { Steps = steps };
        var engine = EngineCatalogue.Of(deployment.Engine);
        return new StepTimeModel(deployment, curves, engine with
        {
            Overhead = engine.Overhead with
            {
                Overlaps = false, StepsAhead = 0, StepNs = 0, SequenceNs = 0, TokenNs = 0, ExposedNs = 0,
                ExposedSequenceNs = 0, GraphGapNs = 0, LaunchNs = 0, GraphTokens = 0,
            },
        });
    }
}
