using System.Collections.Generic;
using System.Linq;
using CsCheck;
using Plimsoll.Core;
using Plimsoll.Core.Draws;
using Plimsoll.Tuning.Deployment;
using Plimsoll.Tuning.Evaluation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Tuning;

public sealed class PromotionLaws
{
    [Fact]
    public void A_key_stays_with_the_candidate_as_its_share_grows()
    {
        Gen.Select(Gen.Int[0, 10_000], Gen.Int[0, 10_000], Gen.String).Sample((a, b, key) =>
        {
            var (small, large) = (System.Math.Min(a, b), System.Math.Max(a, b));
            var few = new RoutingTable(1, "task", "old", "new", small, Shadow: false);
            if (few.Route(key) == "new")
                (few with { CandidateShare = large, Revision = 2 }).Route(key).ShouldBe("new");
        });
    }

    [Fact]
    public void Shares_are_what_they_say()
    {
        var table = new RoutingTable(1, "task", "old", "new", 500, Shadow: false);
        Enumerable.Range(0, 40_000).Count(i => table.Route($"user{i}") == "new")
            .ShouldBeInRange(1_800, 2_200);
        table.Weights().ShouldBe([("new", 5.0), ("old", 95.0)]);
    }

    [Fact]
    public void A_good_candidate_comes_to_the_end_and_a_worse_one_is_taken_back()
    {
        Run(candidateErrors: 0.01, productionErrors: 0.01, seed: 1).Stage.ShouldBe(PromotionStage.Promoted);
        var worse = Run(candidateErrors: 0.03, productionErrors: 0.01, seed: 1);
        worse.Stage.ShouldBe(PromotionStage.RolledBack);
        worse.Routing.CandidateShare.ShouldBe(0);
        worse.Reason.ShouldContain("guard broken: errors: candidate");
        worse.Routing.Route("anyone").ShouldBe("old");
    }

    [Fact]
    public void A_rollback_is_one_revision_and_nothing_moves_after_it()
    {
        var promotion = new Promotion(new PromotionPlan { ShadowRequests = 0 }, "task", "old", "new",
            revision: 7);
        promotion.RollBack("by hand").ShouldBeTrue();
        promotion.Routing.Revision.ShouldBe(8);
        var after = promotion.Routing;
        for (var i = 0; i < 500; i++)
            promotion.Observe("new", new Dictionary<string, double> { ["errors"] = 0 }).ShouldBeFalse();
        promotion.Routing.ShouldBe(after);
        promotion.RollBack("again").ShouldBeFalse();
    }

    [Fact]
    public void A_promoted_candidate_is_taken_back_in_one_revision_too()
    {
        var plan = new PromotionPlan { ShadowRequests = 0, StageRequests = 1,
            Shares = [5000, RoutingTable.Whole], Guards = [new Guard("errors", 0.5)] };
        var promotion = new Promotion(plan, "task", "old", "new", revision: 1);
        for (var i = 0; i < 1000 && !promotion.IsOver; i++)
        {
            promotion.Observe("old", new Dictionary<string, double> { ["errors"] = 0 });
            promotion.Observe("new", new Dictionary<string, double> { ["errors"] = 0 });
        }
        promotion.Routing.Route("anyone").ShouldBe("new");
        promotion.Stage.ShouldBe(PromotionStage.Promoted);
        var revision = promotion.Routing.Revision;
        promotion.RollBack("by hand").ShouldBeTrue();
        promotion.Routing.Revision.ShouldBe(revision + 1);
        promotion.Routing.Route("anyone").ShouldBe("old");
    }

    [Fact]
    public void Ends_of_a_confidence_sequence_hold_while_one_peeks()
    {
        var missed = 0;
        for (ulong seed = 1; seed <= 400; seed++)
        {
            var draws = new RandomStream(seed);
            var sequence = new ConfidenceSequence(0.05);
            var wrong = false;
            for (var i = 0; i < 1500 && !wrong; i++)
            {
                sequence.Add(draws.NextDouble() < 0.1 ? 1 : 0);
                wrong = sequence.Low > 0.1 || sequence.High < 0.1;
            }
            missed += wrong ? 1 : 0;
        }
        missed.ShouldBeLessThanOrEqualTo(20);
    }

    [Fact]
    public void A_confidence_sequence_narrows()
    {
        var sequence = new ConfidenceSequence(0.05);
        for (var i = 0; i < 5000; i++)
            sequence.Add(i % 10 == 0 ? 1 : 0);
        sequence.Low.ShouldBeGreaterThan(0.07);
        sequence.High.ShouldBeLessThan(0.13);
    }

    [Fact]
    public void A_plan_that_goes_back_is_refused() =>
        Should.Throw<BadInputException>(() => new PromotionPlan { Shares = [500, 100, 10_000] }.Validated());

    [Fact]
    public void A_plan_that_finds_nothing_out_is_refused() => Should.Throw<BadInputException>(
        () => new PromotionPlan { Shares = [10_000], ShadowRequests = 0 }.Validated());

    static Promotion Run(double candidateErrors, double productionErrors, ulong seed)
    {
        var plan = new PromotionPlan { Guards = [new Guard("errors", 0.01)] };
        var promotion = new Promotion(plan, "task", "old", "new", revision: 1);
        var draws = new RandomStream(seed);
        for (var i = 0; i < 400_000 && !promotion.IsOver; i++)
        {
            var arm = promotion.Routing.Route($"user{draws.NextBelow(100_000)}");
            if (promotion.Routing.Shadow)
                promotion.Observe("new", Errors(candidateErrors, ref draws));
            promotion.Observe(arm, Errors(arm == "new" ? candidateErrors : productionErrors, ref draws));
        }
        return promotion;
    }

    static Dictionary<string, double> Errors(double rate, ref RandomStream draws) =>
        new() { ["errors"] = draws.NextDouble() < rate ? 1 : 0 };
}
