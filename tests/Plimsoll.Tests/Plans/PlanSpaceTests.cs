using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Models;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Planning.Claims;
using Plimsoll.Planning.Plans;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Plans;

/// <summary>The candidates of a space: spread experts, pools split each in its own way.</summary>
public sealed class PlanSpaceTests
{
    static readonly IReadOnlyList<PlanCandidate> Wide = Candidates(new PlanSpace
    {
        Models = [], Accelerators = [], TwoBatchOverlaps = [false, true], RedundantExperts = [0, null],
        MaxNumBatchedTokens = [2048, 8192], Disaggregated = true,
    });

    [Fact]
    public void No_two_candidates_have_one_key() =>
        Wide.Select(c => c.Key).Distinct().Count().ShouldBe(Wide.Count);

    [Fact]
    public void Halves_and_copies_are_tried_where_experts_are_exchanged_and_nowhere_else()
    {
        var engines = Wide.SelectMany(c => new[] { c.Deployment, c.Prefill }).Distinct().ToList();
        engines.ShouldContain(d => d.Engine.TwoBatchOverlap && d.Engine.RedundantExperts == 32);
        foreach (var engine in engines)
        {
            (engine.Engine.TwoBatchOverlap && !engine.SharesExperts).ShouldBeFalse();
            if (engine.Engine.RedundantExperts > 0)
            {
                engine.ExpertParallel.ShouldBeGreaterThan(1);
                ((256 + engine.Engine.RedundantExperts) % engine.ExpertParallel).ShouldBe(0);
            }
        }
    }

    [Fact]
    public void Pools_are_split_alike_or_each_in_its_own_way()
    {
        var pools = Wide.Where(c => c.IsDisaggregated).ToList();
        pools.ShouldContain(c => c.PrefillDeployment == null);
        pools.ShouldContain(c => c.Prefill.ExpertParallel > c.Deployment.ExpertParallel);
        foreach (var own in pools.Where(c => c.PrefillDeployment is not null))
        {
            own.Prefill.ShouldNotBe(own.Deployment);
            own.Prefill.Engine.MaxNumBatchedTokens.ShouldBe(8192);
            own.Accelerators.ShouldBe(own.Prefill.Accelerators * own.PrefillReplicas
                + own.Deployment.Accelerators * own.ServingReplicas);
        }
    }

    /// <summary>144 ranks divide DeepSeek's experts only with their copies.</summary>
    [Fact]
    public void A_degree_that_copies_make_possible_is_tried()
    {
        var only = new PlanSpace
        {
            Models = [], Accelerators = [], ExpertParallel = [144], DataParallel = [144],
            RedundantExperts = [null],
        };
        Candidates(only).ShouldAllBe(c => c.Deployment.Engine.RedundantExperts == 32);
        Candidates(only with { RedundantExperts = [0] }).ShouldBeEmpty();
    }

    /// <summary>As published beside another format, and once where they are the same.</summary>
    [Theory]
    [InlineData("Llama-3.1-8B", 2)]
    [InlineData("DeepSeek-R1", 1)]
    public void A_models_own_format_is_one_of_a_list(string model, int formats)
    {
        var card = Catalogue.BuiltIn.FindAccelerator("h200_sxm");
        PlanCandidates.Of(new PlanSpace
        {
            Models = [Catalogue.BuiltIn.FindModel(model)],
            Accelerators = [(card, ClaimCosts.Price(card, 2))], Weights = [null, NumberFormat.Fp8],
        }).Fitting.Select(c => c.Deployment.Weights).Distinct().Count().ShouldBe(formats);
    }

    static IReadOnlyList<PlanCandidate> Candidates(PlanSpace space)
    {
        var card = Catalogue.BuiltIn.FindAccelerator("h200_sxm");
        return PlanCandidates.Of(space with
        {
            Models = [Catalogue.BuiltIn.FindModel("DeepSeek-R1")],
            Accelerators = [(card, ClaimCosts.Price(card, 2))], Weights = [NumberFormat.Fp8],
        }).Fitting;
    }
}
