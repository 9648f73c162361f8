using System.Collections.Generic;
using System.Linq;
using CsCheck;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Planning.Simulation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Simulation;

/// <summary>Who waits for an answer waits for it, and a transfer between pools takes its time.</summary>
public sealed class ClosedLoopTests
{
    static readonly StepTimeModel StepTime = new(
        TestDeployments.Small, EfficiencyCurves.Datasheet(TestDeployments.Small.Accelerator, "vllm"),
        EngineCatalogue.Of(TestDeployments.Small.Engine));

    static readonly SchedulerOptions Engine = new()
    {
        MaxNumSeqs = 8, MaxNumBatchedTokens = 512, NumBlocks = 2000,
    };

    [Fact]
    public void A_session_asks_again_only_after_its_answer_and_its_thought() =>
        Gen.Select(Gen.Int[1, 12], Gen.Int[1, 6], Gen.Long[0, 2_000_000_000], Gen.Int[1, 3], Gen.Int[0, 2])
            .Sample((sessions, turns, thinkNs, replicas, prefillReplicas) =>
            {
                var requests = new List<CompletedRequest>();
                FleetSimulation.Run(
                    new Fleet
                    {
                        Serving = new EnginePool(Engine, StepTime, replicas),
                        Prefill = prefillReplicas > 0
                            ? new EnginePool(Engine, StepTime, prefillReplicas) : null,
                    },
                    new TurnTakingArrivals(sessions, turns, thinkNs), closedLoop: true,
                    new SimulationOptions
                    {
                        Requests = sessions * turns,
                        Observer = (in CompletedRequest request) => requests.Add(request),
                    });

                requests.Count.ShouldBe(sessions * turns);
                foreach (var session in requests.GroupBy(r => r.OutputTokens))
                {
                    var inTurn = session.OrderBy(r => r.ArrivalNs).ToList();
                    for (var i = 1; i < inTurn.Count; i++)
                        inTurn[i].ArrivalNs.ShouldBe(inTurn[i - 1].LastTokenNs + thinkNs);
                }
            }, iter: 100);

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(2000, 0, 400_000)]
    [InlineData(0, 70_000, 70_000)]
    [InlineData(2000, 70_000, 470_000)]
    public void What_moves_between_pools_takes_its_time(double nsPerToken, long latencyNs, long expectedNs)
    {
        var still = Disaggregated(0, 0);
        var moved = Disaggregated(nsPerToken, latencyNs);

        moved.FirstTokenNs.ShouldBe(still.FirstTokenNs);
        // 200 prompt tokens are moved after the first token and before the second.
        (moved.LastTokenNs - still.LastTokenNs).ShouldBe(expectedNs);
    }

    static CompletedRequest Disaggregated(double nsPerToken, long latencyNs)
    {
        var requests = new List<CompletedRequest>();
        FleetSimulation.Run(
            new Fleet
            {
                Serving = new EnginePool(Engine, StepTime),
                Prefill = new EnginePool(Engine, StepTime),
                KvTransferNsPerToken = nsPerToken,
                KvTransferLatencyNs = latencyNs,
            },
            new TurnTakingArrivals(1, 1, 0), closedLoop: true, new SimulationOptions
            {
                Requests = 1,
                Observer = (in CompletedRequest request) => requests.Add(request),
            });
        return requests.ShouldHaveSingleItem();
    }
}
