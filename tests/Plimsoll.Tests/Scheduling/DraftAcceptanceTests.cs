using System;
using System.Linq;
using CsCheck;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Scheduling.Policies;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Scheduling;

public sealed class DraftAcceptanceTests
{
    static DraftSpec Learning(params double[] given) => new(4, given, 0, 0) { Learns = true };

    [Fact]
    public void What_is_not_to_be_learnt_stays_as_given()
    {
        var acceptance = new DraftAcceptance(new DraftSpec(4, [0.8, 0.5], 0, 0));
        acceptance.Observe(10, 2, [Accepted(2)]);
        acceptance.At(0).ShouldBe(0.8);
        acceptance.At(3).ShouldBe(0.5);
        acceptance.ExpectedTokens(2).ShouldBe(1 + 0.8 + (0.8 * 0.5), 1e-12);
        acceptance.ExpectedTokens(0).ShouldBe(1);
    }

    /// <summary>
    /// Ten sequences with three drafts each: one keeps all three, two keep two, one keeps one. Of ten first
    /// ones four are right, of four second ones three, of three third ones one; the given weighs as much as
    /// four.
    /// </summary>
    [Fact]
    public void Each_position_is_learnt_from_those_that_reached_it()
    {
        var acceptance = new DraftAcceptance(Learning(0.5, 0.5, 0.7));
        acceptance.Observe(10, 3, [Accepted(3), Accepted(2), Accepted(0), Accepted(2), Accepted(1)]);
        acceptance.At(0).ShouldBe((2 + 4.0) / (4 + 10), 1e-12);
        acceptance.At(1).ShouldBe((2 + 3.0) / (4 + 4), 1e-12);
        acceptance.At(2).ShouldBe(((4 * 0.7) + 1.0) / (4 + 3), 1e-12);
        acceptance.At(3).ShouldBe(acceptance.At(2));
    }

    /// <summary>A five-hundredth of what was seen fades with every step.</summary>
    [Fact]
    public void The_past_fades_in_steps_without_drafts_too()
    {
        var acceptance = new DraftAcceptance(Learning(0.5));
        acceptance.Observe(10, 1, []);
        acceptance.At(0).ShouldBe(2 / 14.0, 1e-12);
        acceptance.Observe(10, 0, []);
        acceptance.At(0).ShouldBe(2 / 13.98, 1e-12);
        for (var i = 0; i < 8000; i++)
            acceptance.Observe(10, 0, []);
        acceptance.At(0).ShouldBe(0.5, 1e-6);
    }

    [Fact]
    public void It_comes_to_what_is_true_at_every_position() =>
        Gen.Select(Gen.Double[0.3, 0.95], Gen.Double[0.3, 0.95], Gen.Int[1, 1_000_000]).Sample(
            (first, later, seed) =>
            {
                var random = new Random(seed);
                var acceptance = new DraftAcceptance(Learning(0.5));
                for (var step = 0; step < 2500; step++)
                {
                    acceptance.Observe(64, 2, Enumerable.Range(0, 64).Select(_ => Accepted(
                        random.NextDouble() >= first ? 0 : random.NextDouble() >= later ? 1 : 2)).ToArray());
                }
                acceptance.At(0).ShouldBe(first, 0.05);
                acceptance.At(1).ShouldBe(later, 0.07);
            },
            iter: 20);

    /// <summary>
    /// Drafts that are said to be right half of the time: whatever they are, tokens come as fast as with the
    /// best fixed number of them, where none is best too.
    /// </summary>
    [Theory]
    [InlineData(0.02)]
    [InlineData(0.5)]
    [InlineData(0.95)]
    public void What_is_learnt_does_as_well_as_the_best_fixed_number(double right)
    {
        var best = Enumerable.Range(0, 5).Max(k =>
            TokensPerSecond(new DraftSpec(k, [right], DraftNs, 0, MinTokens: k), right));
        TokensPerSecond(Learning(0.5) with { TokenNs = DraftNs }, right).ShouldBeGreaterThan(0.98 * best);
    }

    const double DraftNs = 0.2 * SlackDesk.Ms;

    /// <summary>One answer, a draft right with this chance after those before it.</summary>
    static double TokensPerSecond(DraftSpec drafts, double right)
    {
        const int most = 20_000;
        var random = new Random(1);
        var desk = new SlackDesk(
            [new ServiceLevelSpec { Name = "all" }], new SlackOptions { Drafts = drafts });
        var request = desk.Add(0, 10, output: most);
        desk.Step();
        var (from, tokens) = (desk.NowNs, 0);
        while (tokens < most - 100)
        {
            var plan = desk.Plan();
            var accepted = 0;
            while (accepted < plan.Cohorts[0].DraftTokens && random.NextDouble() < right)
                accepted++;
            if (accepted > 0)
                desk.Accept(request, accepted);
            tokens += 1 + accepted;
            desk.Commit(plan.PredictedNs!.Value);
        }
        return tokens * 1e9 / (desk.NowNs - from);
    }

    static RequestOutcome Accepted(int drafts) =>
        new() { Request = RequestId.None, AcceptedDrafts = drafts };
}
