using System;
using System.Linq;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Plans;
using Plimsoll.Planning.Search;
using Plimsoll.Tests.Simulation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Plans;

public sealed class PlanTrialTests
{
    static readonly PlanRung Rung = new("test", 1, 2000);

    /// <summary>First tokens that come later by a factor leave the steps what the limit over the factor
    /// leaves: once, as a search with the limit itself finds.</summary>
    [Fact]
    public void First_tokens_that_are_late_are_so_once()
    {
        const double Factor = 1.3;
        var line = LineOf(300, new StepErrorDraw(0, StepScale.None, Factor));
        line.ShouldBe(LineOf(300 / Factor, StepErrorDraw.None), 0.011 * line);
        line.ShouldBeLessThan(LineOf(300, StepErrorDraw.None));
    }

    /// <summary>
    /// A few hundred requests hold no burst for a unit that has them in seconds: large units looked cheap.
    /// </summary>
    [Theory]
    [InlineData(3_000, 2_000, 2_000)]
    [InlineData(16_000, 2_000, 8_000)]
    [InlineData(80_000, 10_000, 40_000)]
    [InlineData(1_000, 1_000, 1_000)]
    public void A_short_run_is_long_enough_to_see_a_burst(long requests, long first, long second)
    {
        var serving = TestServings.Of(
            TestDeployments.Small, WorkloadFamily.Find("chat"), requests,
            new Limit(Metric.Ttft, 95, 500_000_000));
        var rungs = PlanRungs.Of(new PlanRequest
        {
            Serving = serving, Space = new PlanSpace { Models = [], Accelerators = [] },
        });
        rungs.Short.Requests.ShouldBe(first);
        rungs.Longer.Requests.ShouldBe(second);
        rungs.Full.Requests.ShouldBe(requests);
    }

    /// <summary>
    /// Who waits has no tokens yet, so a limit on the time between them holds at any rate: no more is carried
    /// than when nobody waits.
    /// </summary>
    [Fact]
    public void A_promise_that_no_queue_breaks_is_kept_up_to_what_the_engine_carries()
    {
        var trial = Trial(Limit(Metric.Tpot, 1e6));
        var most = Trial().Measure(Rung).Line;
        var line = trial.Measure(Rung);
        line.Line.ShouldBe(most, 0.02 * most);
        line.Binding.ShouldBeNull();
        trial.Reaches(Rung, 1.05 * most).Holds.ShouldBeFalse();
        trial.Reaches(Rung, 0.95 * most).Holds.ShouldBeTrue();
        // Half as fast it carries half as much.
        var twice = Enumerable.Repeat(Math.Log(2), StepScale.Terms).ToArray();
        var slow = new StepErrorDraw(0, StepScale.Of(twice), 1);
        trial.Measure(Rung, slow, line.Line).Line.ShouldBe(most / 2, 0.1 * most);
    }

    static double LineOf(double ttftMs, StepErrorDraw wrong) =>
        Trial(Limit(Metric.Ttft, ttftMs)).Measure(Rung, wrong).Line;

    [Fact]
    public void A_journal_is_of_the_models_and_not_of_their_names()
    {
        var small = TestDeployments.Small.Model;
        var request = new PlanRequest
        {
            Serving = TestServings.Of(
                TestDeployments.Small, WorkloadFamily.Find("chat"), 100, Limit(Metric.Ttft, 500)),
            Space = new PlanSpace
            {
                Models = [small],
                Accelerators =
                    [(TestDeployments.Small.Accelerator, Price(TestDeployments.Small.Accelerator))],
            },
        };
        string Of(ModelSpec model) =>
            PlanFingerprint.Of(request with { Space = request.Space with { Models = [model] } });
        Of(small with { MaxContext = small.MaxContext + 1 }).ShouldNotBe(Of(small));
        Of(small with { Attention = small.Attention with { KvHeads = 1 } }).ShouldNotBe(Of(small));
        Of(small with { Source = "the same, read elsewhere" }).ShouldBe(Of(small));
    }

    static Limit Limit(Metric metric, double ms) => new(metric, 95, (long)(ms * 1e6));

    static PlanTrial Trial(params Limit[] limits)
    {
        var serving = TestServings.Of(
            TestDeployments.Small, WorkloadFamily.Find("chat"), Rung.Requests, limits);
        var candidate = PlanCandidates.Of(new PlanSpace
        {
            Models = [TestDeployments.Small.Model],
            Accelerators = [(TestDeployments.Small.Accelerator, Price(TestDeployments.Small.Accelerator))],
        }).Fitting[0];
        var request = new PlanRequest
        {
            Serving = serving, Space = new PlanSpace { Models = [], Accelerators = [] },
        };
        var mean = MeanRequest.Of(serving, PlanTrial.Engine(candidate, serving));
        return new PlanTrial(candidate, request, PlanBound.Of(candidate, request, mean));
    }

    static PriceSpec Price(AcceleratorSpec card) => Planning.Claims.ClaimCosts.Price(card, 1);
}
