using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Draws;
using Plimsoll.Planning.Validation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Validation;

public sealed class StepErrorFitTests
{
    /// <summary>
    /// Groups whose errors scatter around a cell's own centre, and points around their group's.
    /// </summary>
    static List<StepResidual> Drawn(int groups, double cellOffset, ulong seed)
    {
        var random = new RandomStream(seed);
        var residuals = new List<StepResidual>();
        for (var group = 0; group < groups; group++)
        {
            var cell = group % 2 == 0 ? "one" : "two";
            var centre = 0.1 + (cell == "two" ? cellOffset : 0) + (0.1 * random.NextNormal());
            for (var i = 0; i < 20; i++)
            {
                residuals.Add(new StepResidual(
                    "engine", "kind", cell, $"{group}", centre + (0.05 * random.NextNormal()), 0.02, 0.02));
            }
        }
        return residuals;
    }

    [Fact]
    public void Groups_that_are_left_out_lie_inside_nine_times_of_ten()
    {
        var residuals = Drawn(40, cellOffset: 0.3, seed: 7);
        var inside = 0;
        foreach (var group in residuals.GroupBy(r => r.Group))
        {
            var fit = new StepErrorFit(residuals.Where(r => r.Group != group.Key));
            foreach (var residual in group)
            {
                var (low, high) = StepErrorFit.Ends(fit.Of("kind", residual.Cell)!.Value, residual);
                inside += Math.Exp(residual.Log) >= low && Math.Exp(residual.Log) <= high ? 1 : 0;
            }
        }
        (100.0 * inside / residuals.Count).ShouldBeInRange(85, 97);
    }

    [Fact]
    public void A_cell_has_its_own_centre_as_far_as_it_has_groups()
    {
        var fit = new StepErrorFit(Drawn(40, cellOffset: 0.3, seed: 7));
        var (one, two) = (fit.Of("kind", "one")!.Value, fit.Of("kind", "two")!.Value);
        Math.Log(two.Centre / one.Centre).ShouldBeInRange(0.2, 0.4);
        fit.Of("kind", "three").ShouldBe(fit.Kinds["kind"]);
        fit.Of("other", "one").ShouldBeNull();
    }
}
