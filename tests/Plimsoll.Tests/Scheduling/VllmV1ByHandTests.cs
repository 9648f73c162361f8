using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Scheduling;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Scheduling;

/// <summary>What the laws of vLLM's policy are too small for: long queues, and plans that repeat.</summary>
public sealed class VllmV1ByHandTests
{
    const int Waiting = 1000;

    [Fact]
    public void Without_chunks_a_prompt_as_long_as_a_step_is_served_and_a_longer_one_is_not()
    {
        var scheduler = new Scheduler(new SchedulerOptions
        {
            MaxNumSeqs = 1, MaxNumBatchedTokens = 64, BlockSize = 16, NumBlocks = 100,
            EnableChunkedPrefill = false,
        });
        scheduler.CanServe(new RequestSpec { PromptTokens = 64, MaxOutputTokens = 1 }).ShouldBeTrue();
        scheduler.CanServe(new RequestSpec { PromptTokens = 65, MaxOutputTokens = 1 }).ShouldBeFalse();
    }

    [Fact]
    public void A_thousand_that_wait_are_served_as_they_came() =>
        Served(SchedulingPolicy.VllmV1).ShouldBe(Enumerable.Range(0, Waiting));

    [Fact]
    public void A_thousand_that_wait_are_served_by_priority_and_then_as_they_came() =>
        Served(SchedulingPolicy.VllmV1Priority).ShouldBe(
            Enumerable.Range(0, Waiting).OrderBy(i => i * 7 % 5).ThenBy(i => i));

    [Fact]
    public void A_plan_of_decodes_repeats_as_long_as_memory_surely_lasts()
    {
        // Eight answers of 17 tokens hold two blocks of 16 each; 24 blocks more are three rounds of 16 steps.
        var scheduler = Scheduler(SchedulingPolicy.VllmV1, blocks: 40);
        for (var i = 0; i < 8; i++)
            scheduler.Add(new RequestSpec { PromptTokens = 17, MaxOutputTokens = 100 }, 0);
        scheduler.Plan(0).RepeatableSteps.ShouldBe(1, "prompts are in it");
        scheduler.Commit(new StepOutcome([]), 0);
        var plan = scheduler.Plan(0);
        (plan.Shape.Decodes, plan.RepeatableSteps).ShouldBe((8, 1 + (3 * 16)));

        // Thirty steps at once: each is 47 tokens long, in three blocks.
        scheduler.Commit(new StepOutcome([], steps: 30), 0);
        scheduler.UsedBlocks.ShouldBe(24);
        scheduler.Plan(0).Shape.DecodeContextTokens.ShouldBe(8 * 48);
    }

    static List<int> Served(SchedulingPolicy policy)
    {
        var scheduler = Scheduler(policy, blocks: 100);
        var names = Enumerable.Range(0, Waiting).ToDictionary(
            i => scheduler.Add(
                new RequestSpec { PromptTokens = 3, MaxOutputTokens = 1, Priority = i * 7 % 5 }, 0).Request,
            i => i);
        scheduler.Waiting.ShouldBe(Waiting);
        var served = new List<int>();
        while (scheduler.Requests > 0)
        {
            var chunks = scheduler.Plan(0).Chunks.ToArray();
            served.AddRange(chunks.Select(c => names[c.Request]));
            scheduler.Commit(new StepOutcome(
                [.. chunks.Select(c => new RequestOutcome { Request = c.Request, Finished = true })]), 0);
        }
        scheduler.UsedBlocks.ShouldBe(0);
        return served;
    }

    static Scheduler Scheduler(SchedulingPolicy policy, int blocks) => new(new SchedulerOptions
    {
        Policy = policy, MaxNumSeqs = 10, MaxNumBatchedTokens = 256, NumBlocks = blocks, BlockSize = 16,
    });
}
