using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Timing;

public sealed class StepErrorLaws
{
    const int Draws = 60;

    static readonly Deployment Deployment = new()
    {
        Model = TestModels.Llama70B, Accelerator = TestModels.H100, TensorParallel = 8,
    };

    static readonly StepTimeModel Model = StepTimeCatalogue.ModelOf(Deployment);

    static readonly StepShape Step = new() { Decodes = 64, DecodeContextTokens = 64 * 1024, LogitRows = 64 };

    static IEnumerable<StepErrorDraw> All =>
        Enumerable.Range(0, Draws).Select(i => Model.Errors.Draw(i, Draws));

    [Fact]
    public void Draws_are_the_same_every_time_and_lie_around_the_centre()
    {
        All.Select(d => d.Factors[StepTerm.Products]).ShouldBe(All.Select(d => d.Factors[StepTerm.Products]));
        var sorted = All.Select(d => d.Factors[StepTerm.Products]).Order().ToList();
        (sorted[Draws / 2] / Model.Errors.Centre).ShouldBeInRange(0.97, 1.03);
        var inside = sorted.Count(f => f >= 0.97 * Model.Errors.Centre * Model.Errors.Common.Low
            && f <= 1.03 * Model.Errors.Centre * Model.Errors.Common.High);
        inside.ShouldBeInRange(Draws * 85 / 100, Draws * 97 / 100);
    }

    [Fact]
    public void Every_part_is_spread_over_its_own_strata()
    {
        All.Select(d => d.FirstTokenFactor).Distinct().Count().ShouldBe(Draws);
        All.Select(d => d.Factors[StepTerm.HostSequences]).Distinct().Count().ShouldBe(Draws);
        // Parts other than the first are shuffled: their order is not the common error's.
        var tokens = All.Select(d => d.FirstTokenFactor).ToList();
        tokens.SequenceEqual(tokens.Order()).ShouldBeFalse();
    }

    [Fact]
    public void A_drawn_model_is_slower_where_its_terms_are()
    {
        var plain = Model.PredictNs(Step);
        Model.Drawn(StepErrorDraw.None).ShouldBeSameAs(Model);
        var slow = new StepErrorDraw(1, StepScale.None.With(StepTerm.Products, 1.2), 1);
        Model.Drawn(slow).PredictNs(Step).ShouldBeGreaterThan(plain);
        Model.Drawn(slow).Error.ShouldBe(Model.Error);
        Model.Drawn(slow).Tier.ShouldBe(Model.Tier);
        var times = All.Select(d => Model.Drawn(d).PredictNs(Step) / (double)plain).Order().ToList();
        times[0].ShouldBeGreaterThan(0.6);
        times[^1].ShouldBeLessThan(1.7);
        times[Draws / 2].ShouldBeInRange(0.95 * Model.Errors.Centre, 1.05 * Model.Errors.Centre);
    }

    [Fact]
    public void What_is_unmeasured_widens_both_ways()
    {
        var wide = Model.Errors.Widened(0.1);
        wide.Common.High.ShouldBe(1.1 * Model.Errors.Common.High, 1e-9);
        wide.Common.Low.ShouldBe(Model.Errors.Common.Low / 1.1, 1e-9);
    }
}
