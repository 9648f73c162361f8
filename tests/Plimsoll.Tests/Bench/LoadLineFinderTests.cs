using System;
using System.Linq;
using Plimsoll.Bench.Search;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;
using Plimsoll.Tests.Simulation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Bench;

/// <summary>
/// Searches of a live endpoint's line, run inside simulations whose line is known from long replays. The
/// figure over 100 seeds and three engines is <c>make bench-figures</c>.
/// </summary>
public sealed class LoadLineFinderTests
{
    const int Seeds = 6;

    static readonly SimulatedEngine Engine =
        SimulatedEngine.Of(TestDeployments.Small, SchedulingPolicy.VllmV1);
    static readonly Workload Chat = WorkloadFamily.Find("chat");

    [Fact]
    public void The_line_is_found_within_5_percent_and_a_quarter_of_an_hour()
    {
        var limit = PromiseText.Parse("tpot p95 20ms");
        var serving = TestServings.Of(Engine.Deployment, Chat, 6000, limit);
        var ceiling = SaturatedThroughput.Of(Engine, serving).RequestsPerSecond;
        var truth = new LoadLineSearch(Engine, serving with { Seed = 99 }, new ProbeSize(1, 40_000, 40_000))
            .Find(ceiling, ArrivalProcess.Poisson).RequestsPerSecond;
        var found = Enumerable.Range(1, Seeds)
            .Select(seed => SimulatedSearch.Run(Engine, Chat, [limit], new LoadLineOptions(),
                (ulong)seed)).ToList();
        found.ShouldAllBe(line =>
            line.Outcome == LineOutcome.Found && line.Binding == limit && line.TookS <= 900);
        found.Count(line => Math.Abs(line.Rate!.Value / truth - 1) <= 0.05)
            .ShouldBeGreaterThanOrEqualTo(Seeds - 1);
        found.Count(line => line.Low <= truth && truth <= line.High).ShouldBeGreaterThanOrEqualTo(Seeds - 1);
    }

    [Fact]
    public void The_same_seed_finds_the_same_line()
    {
        var limit = PromiseText.Parse("tpot p95 20ms");
        LoadLineEstimate Find() => SimulatedSearch.Run(Engine, Chat, [limit], new LoadLineOptions(), seed: 5);
        Find().ShouldBe(Find());
    }

    [Fact]
    public void A_promise_that_breaks_at_the_lowest_rate_has_no_line() =>
        SimulatedSearch.Run(Engine, Chat, [PromiseText.Parse("ttft p95 1ms")], new LoadLineOptions(), seed: 1)
            .Outcome.ShouldBe(LineOutcome.Nowhere);

    [Fact]
    public void A_rate_that_is_never_too_high_is_a_lower_bound()
    {
        var line = SimulatedSearch.Run(
            Engine, Chat, [PromiseText.Parse("ttft p95 10min")], new LoadLineOptions { MostRate = 4 },
                seed: 1);
        line.Outcome.ShouldBe(LineOutcome.AtLeast);
        line.Rate!.Value.ShouldBe(4, 0.01);
    }

    /// <summary>However short the search: no bound where nothing was measured.</summary>
    [Theory]
    [InlineData(20)]
    [InlineData(45)]
    [InlineData(90)]
    [InlineData(180)]
    public void A_bound_is_stated_only_where_it_was_measured(int budgetS)
    {
        foreach (var seed in Enumerable.Range(1, 6))
        {
            foreach (var promise in new[] { "tpot p95 20ms", "ttft p95 500ms", "e2e p95 60s", "ttft p99 1s" })
            {
                var line = SimulatedSearch.Run(Engine, Chat, [PromiseText.Parse(promise)],
                    new LoadLineOptions { BudgetNs = budgetS * 1_000_000_000L }, (ulong)seed);
                if (line.Rate is null)
                    continue;
                line.Rate.Value.ShouldBeInRange(line.MeasuredFrom!.Value, line.MeasuredTo!.Value);
                (line.High ?? 0).ShouldBeLessThanOrEqualTo(line.MeasuredTo.Value);
                (line.Low ?? double.MaxValue).ShouldBeGreaterThanOrEqualTo(line.MeasuredFrom.Value);
            }
        }
    }

    [Fact]
    public void Too_short_a_search_says_so_rather_than_guess() =>
        SimulatedSearch.Run(
            Engine, Chat, [PromiseText.Parse("e2e p95 60s")],
            new LoadLineOptions { BudgetNs = 20_000_000_000 }, seed: 1).High.ShouldBeNull();
}
