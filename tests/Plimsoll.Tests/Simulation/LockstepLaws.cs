using System.Collections.Generic;
using System.Linq;
using CsCheck;
using Plimsoll.Core.Routing;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Simulation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Simulation;

/// <summary>Ranks that share experts step together, as long as the slowest takes.</summary>
public sealed class LockstepLaws
{
    readonly record struct Step(int Rank, StepShape Shape, long StartNs, long DurationNs);

    static readonly StepTimeModel StepTime = new(
        TestDeployments.Small, EfficiencyCurves.Datasheet(TestDeployments.Small.Accelerator, "vllm"),
        EngineCatalogue.Of(TestDeployments.Small.Engine));

    static readonly SchedulerOptions Limits = new()
    {
        MaxNumSeqs = 24, MaxNumBatchedTokens = 1024, NumBlocks = 300,
    };

    static readonly Gen<List<Arrival>> AnyLoad =
        (from gap in Gen.Long[0, 300_000_000]
         from prompt in Gen.Int[1, 1500]
         from output in Gen.Int[1, 80]
         select new Arrival { AtNs = gap, PromptTokens = prompt, OutputTokens = output, Session = -1 })
        .List[1, 40].Select(gaps =>
        {
            long atNs = 0;
            return gaps.Select(a => a with { AtNs = atNs += a.AtNs }).ToList();
        });

    [Fact]
    public void A_step_lasts_as_long_as_the_slowest_ranks() =>
        Gen.Select(AnyLoad, Gen.Int[2, 4], Gen.Enum<RoutingPolicy>()).Sample((load, ranks, routing) =>
        {
            var steps = new List<Step>();
            var result = Run(load, ranks, ranks, routing, steps);
            result.Completed.ShouldBe(load.Count);
            long endNs = 0;
            foreach (var together in steps.GroupBy(s => s.StartNs).OrderBy(g => g.Key))
            {
                together.Key.ShouldBeGreaterThanOrEqualTo(endNs);
                var slowestNs = together.Max(s => StepTime.PredictNs(s.Shape));
                together.All(s => s.DurationNs == slowestNs).ShouldBeTrue();
                together.Select(s => s.Rank).ShouldBeUnique();
                endNs = together.Key + slowestNs;
            }
        }, iter: 60);

    [Fact]
    public void Alone_among_idle_ranks_it_steps_as_if_there_were_none() =>
        AnyLoad.Sample(load =>
        {
            var one = load.Take(1).ToList();
            Run(one, 3, 3, RoutingPolicy.RoundRobin, []).Latencies.E2e.MeanNs
                .ShouldBe(Run(one, 1, 1, RoutingPolicy.RoundRobin, []).Latencies.E2e.MeanNs);
        }, iter: 30);

    /// <summary>Everybody waits for the rank that has most: a balanced router is worth more.</summary>
    [Fact]
    public void Skewed_routing_costs_what_the_fullest_rank_costs()
    {
        var load = Enumerable.Range(0, 160).Select(i => new Arrival
        {
            AtNs = i * 1000, PromptTokens = 100, OutputTokens = 60, Session = -1,
        }).ToList();
        double MakespanS(RoutingPolicy routing) => Run(load, 8, 8, routing, []).MakespanS;

        MakespanS(RoutingPolicy.LeastOutstanding).ShouldBeLessThan(0.9 * MakespanS(RoutingPolicy.Random));
    }

    static SimulationResult Run(
        List<Arrival> load, int ranks, int together, RoutingPolicy routing, List<Step> steps) =>
        FleetSimulation.Run(
            new Fleet
            {
                Serving = new EnginePool(Limits, StepTime, ranks) { LockstepRanks = together },
                Routing = routing,
            },
            new ListedArrivals(load, 0), closedLoop: false, new SimulationOptions
            {
                Requests = load.Count,
                StepObserver = (int rank, in StepShape shape, int count, long startNs, long stepNs) =>
                    steps.Add(new Step(rank, shape, startNs, stepNs)),
            });
}
