using System.Collections.Generic;
using System.IO;
using System.Linq;
using CsCheck;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Engine;
using Plimsoll.Engine.Simulated;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Simulation;
using Plimsoll.Tests.Simulation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Server;

public sealed class SimulatedRankLaws
{
    static readonly StepTimeModel StepTime = new(
        TestDeployments.Small, EfficiencyCurves.Datasheet(TestDeployments.Small.Accelerator, "vllm"),
        EngineCatalogue.Of(TestDeployments.Small.Engine));

    static readonly SchedulerOptions Engine =
        new() { MaxNumSeqs = 16, MaxNumBatchedTokens = 512, NumBlocks = 400 };

    static readonly Gen<List<Arrival>> Loads = Gen.Select(
        Gen.Long[0, 60_000_000], Gen.Int[1, 900], Gen.Int[1, 60], (gap, prompt, output) =>
            (gap, prompt, output))
        .Array[1, 60].Select(list =>
        {
            long at = 0;
            return list.Select(item => new Arrival
            {
                AtNs = at += item.gap,
                Session = -1,
                PromptTokens = item.prompt,
                OutputTokens = item.output,
            }).ToList();
        });

    /// <summary>
    /// What the live loop plans from an arrival log is what <c>plimsoll simulate</c> plans from it, and every
    /// first and last token falls on the same nanosecond.
    /// </summary>
    [Theory]
    [InlineData("vllm-v1")]
    [InlineData("slack")]
    public void It_is_the_simulation_told_token_by_token(string policy) =>
        Loads.Sample(load => IsTheSimulation(load, policy), iter: 60);

    /// <summary>
    /// The last request comes after steps that the simulation leaps over, soon enough after another gave way
    /// that how many they were decides whether it is let in.
    /// </summary>
    [Fact]
    public void Steps_that_are_leapt_over_count_for_what_is_held_back()
    {
        (int AtMs, int Prompt, int Output)[] load =
        [
            (37, 676, 49), (66, 506, 50), (107, 498, 32), (159, 109, 52), (192, 841, 17), (197, 623, 4),
            (230, 646, 32), (271, 886, 58), (284, 232, 33), (309, 106, 24), (315, 492, 35), (323, 3, 56),
            (348, 758, 8), (387, 289, 8), (392, 51, 59), (402, 359, 60), (453, 725, 58), (502, 316, 52),
            (554, 834, 12), (594, 59, 29),
        ];
        IsTheSimulation(
            [.. load.Select(request => new Arrival
            {
                AtNs = request.AtMs * 1_000_000L,
                Session = -1,
                PromptTokens = request.Prompt,
                OutputTokens = request.Output,
            })],
            "slack");
    }

    static void IsTheSimulation(List<Arrival> load, string policy)
    {
        SchedulingPolicy.All.TryFind(policy, out var chosen);
        var engine = Engine with { Policy = KvTierChoice.WithHost(chosen!, StepTime.Deployment) };
        var simulated = new Dictionary<long, CompletedRequest>();
        var result =
            FleetSimulation.Run(
                new Fleet { Serving = new EnginePool(engine, StepTime) }, new ListedArrivals(load),
                    closedLoop: false,
                new SimulationOptions
        {
            Requests = load.Count,
            StepMargin = new StepPredictor(StepTime).Margin,
            Observer = (in CompletedRequest request) => simulated.Add(request.Index, request),
        });
        var first = new long[load.Count];
        var last = new long[load.Count];
        var rank = new SimulatedRank(engine, StepTime, (sequence, _, timeNs, ends) =>
        {
            var index = (int)sequence.Owner!;
            if (sequence.Emitted == 1)
                first[index] = timeNs;
            if (ends)
                last[index] = timeNs;
        });
        for (var i = 0; i < load.Count; i++)
        {
            rank.RunUntil(load[i].AtNs);
            rank.Add(new SimulatedSequence { PromptTokens = load[i].PromptTokens, OutputTokens =
                load[i].OutputTokens, Owner = i },
                new RequestSpec { PromptTokens = load[i].PromptTokens, MaxOutputTokens =
                    Engine.NumBlocks * 16 - load[i].PromptTokens },
                load[i].AtNs).ShouldBeTrue();
        }
        while (rank.NextStepEndsNs != long.MaxValue)
            rank.RunUntil(rank.NextStepEndsNs);
        rank.Outstanding.ShouldBe(0);
        foreach (var (index, request) in simulated)
        {
            first[index].ShouldBe(request.FirstTokenNs);
            last[index].ShouldBe(request.LastTokenNs);
        }
        rank.Steps.ShouldBe(result.Steps);
    }

    /// <summary>
    /// Shares of a step name everybody in it once, and cancelling at any moment leaves nothing behind.
    /// </summary>
    [Fact]
    public void Cancelled_sequences_give_everything_back() =>
        Gen.Select(Loads, Gen.Long[1, 400_000_000]).Sample((load, cancelNs) =>
    {
        var shapes = 0;
        var rank =
            new SimulatedRank(Engine, StepTime, (_, _, _, _) => { }, (in EngineStep step) =>
        {
            shapes++;
            step.Shares.Length.ShouldBeLessThanOrEqualTo(step.Shape.Decodes + step.Shape.PrefillChunks);
            step.Causes.TotalNs.ShouldBe(step.PredictedNs);
        });
        var all = new List<SimulatedSequence>();
        foreach (var arrival in load)
        {
            rank.RunUntil(arrival.AtNs);
            var sequence =
                new SimulatedSequence { PromptTokens = arrival.PromptTokens, OutputTokens =
                    arrival.OutputTokens };
            all.Add(sequence);
            rank.Add(sequence, new RequestSpec { PromptTokens = arrival.PromptTokens, MaxOutputTokens = 60 },
                arrival.AtNs);
        }
        var nowNs = load[^1].AtNs + cancelNs;
        rank.RunUntil(nowNs);
        foreach (var sequence in all)
            rank.Cancel(sequence, nowNs);
        while (rank.NextStepEndsNs != long.MaxValue)
            rank.RunUntil(rank.NextStepEndsNs);
        rank.Scheduler.UsedBlocks.ShouldBe(0);
        rank.Outstanding.ShouldBe(0);
        shapes.ShouldBeGreaterThan(0);
    }, iter: 60);

    /// <summary>Told from its log, a new scheduler decides the same, whatever was cancelled.</summary>
    [Fact]
    public void Its_log_replays_to_the_same_plans() =>
        Gen.Select(Loads, Gen.Long[1, 400_000_000]).Sample((load, cancelNs) =>
    {
        var path = Path.GetTempFileName();
        try
        {
            ulong hash;
            using (var log = new DecisionLog(path, Engine))
                hash = RunAndCancel(load, cancelNs, log);
            var replayed = DecisionReplay.Run(path);
            replayed.Differences.ShouldBe(0);
            replayed.PlanHash.ShouldBe(hash);
            replayed.Plans.ShouldBeGreaterThan(0);
            replayed.MeanError.ShouldBeNull();
        }
        finally
        {
            File.Delete(path);
        }
    }, iter: 30);

    static ulong RunAndCancel(List<Arrival> load, long cancelNs, DecisionLog log)
    {
        var rank = new SimulatedRank(Engine, StepTime, (_, _, _, _) => { }, log: log);
        var all = new List<SimulatedSequence>();
        foreach (var arrival in load)
        {
            rank.RunUntil(arrival.AtNs);
            all.Add(new SimulatedSequence
            {
                PromptTokens = arrival.PromptTokens,
                OutputTokens = arrival.OutputTokens,
            });
            rank.Add(
                all[^1], new RequestSpec { PromptTokens = arrival.PromptTokens, MaxOutputTokens = 60 },
                arrival.AtNs);
        }
        var nowNs = load[^1].AtNs + cancelNs;
        rank.RunUntil(nowNs);
        for (var i = 0; i < all.Count; i += 2)
            rank.Cancel(all[i], nowNs);
        while (rank.NextStepEndsNs != long.MaxValue)
            rank.RunUntil(rank.NextStepEndsNs);
        return rank.Scheduler.PlanHash;
    }
}
