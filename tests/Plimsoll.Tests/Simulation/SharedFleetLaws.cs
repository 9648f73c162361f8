using System;
using System.Collections.Generic;
using System.Linq;
using CsCheck;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Simulation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Simulation;

/// <summary>
/// What the policy slack guarantees to interactive requests while batch work fills the rest.
/// </summary>
public sealed class SharedFleetLaws
{
    static readonly StepTimeModel StepTime = new(
        TestDeployments.Small, EfficiencyCurves.Datasheet(TestDeployments.Small.Accelerator, "vllm"),
        EngineCatalogue.Of(TestDeployments.Small.Engine));

    static readonly SchedulerOptions Engine = new()
    {
        Policy = SchedulingPolicy.InSlack, MaxNumSeqs = 64, MaxNumBatchedTokens = 2048, NumBlocks = 8000,
    };

    static readonly Gen<List<Arrival>> AnyLoad =
        from gaps in Gen.Long[0, 400_000_000].Array[1, 60]
        from lengths in Gen.Select(Gen.Int[1, 900], Gen.Int[1, 120]).Array[60]
        select Load(gaps, lengths);

    [Theory]
    [InlineData(null)]
    [InlineData(15)]
    public void A_leap_lands_where_stepping_does(int? batchStepMs) =>
        AnyLoad.Sample(
            load =>
            {
                var engine = With(batchStepMs);
                var leapt = Run(load, Slack, out var leaptRequests, engine);
                var stepped = Run(load, Slack with { Leaps = false }, out var steppedRequests, engine);
                leaptRequests.ShouldBe(steppedRequests);
                leapt.PlanHash.ShouldBe(stepped.PlanHash);
                leapt.Steps.ShouldBe(stepped.Steps);
                leapt.Batch!.TenantTokens.ShouldBe(stepped.Batch!.TenantTokens);
                (leapt.Batch with { Latencies = null, TenantTokens = [] })
                    .ShouldBe(stepped.Batch with { Latencies = null, TenantTokens = [] });
                leapt.Batch.Latencies!.E2e.MeanNs.ShouldBe(stepped.Batch.Latencies!.E2e.MeanNs);
                leapt.Latencies.Itl.MeanNs.ShouldBe(stepped.Latencies.Itl.MeanNs);
            },
            iter: 60);

    [Fact]
    public void No_gap_is_longer_than_was_promised_however_much_batch_work_there_is() =>
        AnyLoad.Sample(
            load =>
            {
                // Everybody who decodes is in every step, so a gap is as long as its step.
                var longest = 0L;
                Run(
                    load,
                    Slack with
                    {
                        StepObserver = (int _, in StepShape _, int _, long _, long stepNs) =>
                            longest = Math.Max(longest, stepNs),
                    },
                    out _);
                longest.ShouldBeInRange(1, ItlNs);
            },
            iter: 60);

    /// <summary>
    /// Taking batch work away moves a first token by no more than the steps that were decided before its
    /// request was known, and by what batch work adds to the step it is in.
    /// </summary>
    [Fact]
    public void A_single_request_waits_for_batch_work_no_longer_than_the_steps_already_decided() =>
        Gen.Select(Gen.Long[1_000_000_000, 3_000_000_000], Gen.Int[1, 900], Gen.Int[1, 120]).Sample(
            (atNs, prompt, output) =>
            {
                var load = new List<Arrival>
                {
                    new() { AtNs = atNs, PromptTokens = prompt, OutputTokens = output, Session = -1 },
                };
                Run(load, Slack, out var shared);
                Run(load, Slack with { BatchWorkload = null }, out var alone);
                var late = shared[0].FirstTokenNs - alone[0].FirstTokenNs;
                late.ShouldBeInRange(-1_000_000, (StepTime.StepsAhead + 2) * ItlNs);
            },
            iter: 100);

    [Fact]
    public void A_promised_share_is_kept_where_nothing_else_would_be_left()
    {
        // So many requests that their prompts alone fill every step.
        var crowd = Load([.. Enumerable.Repeat(15_000_000L, 400)], [.. Enumerable.Repeat((900, 20), 400)]);
        var without = Run(crowd, Slack, out _).Batch!;
        var with = Run(crowd, Slack with { MinBatchShare = 0.2 }, out _).Batch!;
        (with.OutputTokens + with.PromptTokens)
            .ShouldBeGreaterThan(10 + 3 * (without.OutputTokens + without.PromptTokens));
    }

    /// <summary>Of an engine that others fill whole, batch work has the share that it was promised.</summary>
    [Fact]
    public void A_promised_share_is_a_share_of_the_time()
    {
        var crowd = Load([.. Enumerable.Repeat(15_000_000L, 400)], [.. Enumerable.Repeat((900, 20), 400)]);
        var run = Run(crowd, Slack with { MinBatchShare = 0.2, AttributeTime = true }, out _);
        run.Shares!.Accounts[^1].ShouldBeInRange(0.19, 0.23);
        // A step that begins before the last request comes counts whole.
        var stepS = 0.1;
        (run.Shares.Accounts[0] + run.Shares.Accounts[^1]).ShouldBeLessThan(1 + (stepS / run.Shares.SpanS));
    }

    [Fact]
    public void Shorter_steps_of_batch_work_give_sooner_first_tokens()
    {
        var load = Load([.. Enumerable.Repeat(150_000_000L, 200)], [.. Enumerable.Repeat((300, 100), 200)]);
        var whole = Run(load, Slack, out _);
        var shorter = Run(load, Slack, out _, With(batchStepMs: 15));
        shorter.Latencies.Ttft.MeanNs!.Value.ShouldBeLessThan(0.8 * whole.Latencies.Ttft.MeanNs!.Value);
        shorter.Batch!.OutputTokens.ShouldBePositive();
    }

    static SchedulerOptions With(int? batchStepMs) => Engine with
    {
        Policy = SchedulingPolicy.InSlack with
        {
            Slack = new SlackOptions { BatchStepNs = batchStepMs * 1_000_000L },
        },
    };

    const long ItlNs = 40_000_000;

    static SimulationOptions Slack { get; } = new()
    {
        Requests = 400,
        Limits = [new Limit(Metric.Ttft, 95, 500_000_000), new Limit(Metric.Itl, 99, ItlNs)],
        BatchWorkload = WorkloadFamily.Find("classification"),
        BatchGate = new BatchGateOptions { Lines = 32 },
        StepMargin = 0,
    };

    static SimulationResult Run(
        List<Arrival> load, SimulationOptions options, out List<CompletedRequest> requests,
        SchedulerOptions? engine = null)
    {
        var completed = new List<CompletedRequest>();
        var result = FleetSimulation.Run(
            new Fleet { Serving = new EnginePool(engine ?? Engine, StepTime) }, new ListedArrivals(load),
            closedLoop: false,
            options with { Observer = (in CompletedRequest request) => completed.Add(request) });
        requests = completed;
        return result;
    }

    static List<Arrival> Load(long[] gaps, (int Prompt, int Output)[] lengths)
    {
        var atNs = 0L;
        return [.. gaps.Select((gap, i) => new Arrival
        {
            AtNs = atNs += gap,
            PromptTokens = lengths[i].Prompt,
            OutputTokens = lengths[i].Output,
            Session = -1,
        })];
    }
}
