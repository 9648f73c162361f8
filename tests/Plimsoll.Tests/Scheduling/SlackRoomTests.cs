using System.Linq;
using Plimsoll.Core.Scheduling;
using Shouldly;
using Xunit;
using static Plimsoll.Tests.Scheduling.SlackDesk;

namespace Plimsoll.Tests.Scheduling;

/// <summary>Blocks, seats and tokens that are kept for batch work, and KV that is moved, by hand.</summary>
public sealed class SlackRoomTests
{
    static readonly SlackOptions Idle = new() { IdleStepNs = 100 * Ms, ReservedBlocks = 0 };
    static readonly ServiceLevelSpec Chat = new() { Name = "chat" };
    static readonly ServiceLevelSpec Bulk = new() { Name = "bulk", Class = ServiceClass.Batch };

    /// <summary>
    /// Of 100 blocks 30 are promised and ten more in reserve. A prompt of all has what those and the one
    /// block of who decodes leave.
    /// </summary>
    [Theory]
    [InlineData(0.3, true, true, 100 - 1 - 40)]
    [InlineData(0, true, true, 100 - 1)]
    [InlineData(0.3, true, false, 100 - 1)]
    [InlineData(0.3, false, true, 100)]
    public void Interactive_prompts_leave_the_blocks_that_are_promised_to_who_waits(
        double share, bool somebodyRuns, bool batchWaits, int blocks)
    {
        var desk = new SlackDesk(
            [Chat, Bulk with { MinShare = share }], Idle with { ReservedBlocks = 0.1 }, tokens: 5000,
            blocks: 100);
        if (somebodyRuns)
            desk.Decoding(0, 1);
        if (batchWaits)
            desk.Add(1, 160, 1);
        desk.Ask(0, 1599, 1);
        desk.Plan().Chunks[0].Tokens.ShouldBe(1599 - (16 * (100 - blocks)));
    }

    /// <summary>Ten seats, of which three are promised: one decodes, so six come beside it.</summary>
    [Fact]
    public void Interactive_prompts_leave_the_seats_that_are_promised()
    {
        var desk = new SlackDesk([Chat, Bulk with { MinShare = 0.3 }], Idle, seqs: 10);
        desk.Decoding(0, 1);
        desk.Add(1, 160, 1);
        for (var i = 0; i < 9; i++)
            desk.Add(0, 1);
        var plan = desk.Plan();
        plan.Chunks.ToArray().Count(c => c.Tokens == 1).ShouldBe(6);
        plan.Why.ShouldBe(StepBound.Sequences);
    }

    /// <summary>Eight blocks: four of batch work, two of each chat, which both want one more.</summary>
    [Theory]
    [InlineData(0.5, true)]
    [InlineData(0, false)]
    public void Batch_work_keeps_the_blocks_that_it_was_promised_and_the_newest_other_gives_way(
        double share, bool kept)
    {
        var desk = new SlackDesk([Chat, Bulk with { MinShare = share }], Idle, blocks: 8);
        var batch = desk.Decoding(1, 1, prompt: 62)[0];
        var chats = desk.Decoding(0, 2, prompt: 32);
        desk.Plan().Preempted.ToArray().ShouldBe([kept ? chats[1] : batch]);
    }

    [Fact]
    public void Batch_work_gives_up_what_it_was_promised_before_the_oldest_does()
    {
        var desk = new SlackDesk([Chat, Bulk with { MinShare = 0.5 }], Idle, blocks: 6);
        desk.Decoding(0, 1, prompt: 31);
        var batch = desk.Add(1, 62, 30);
        desk.Step();
        desk.Plan().Preempted.ToArray().ShouldBe([batch]);
    }

    /// <summary>
    /// A prompt without end takes every token while a fifth of the time is promised. 100 ms are owed after
    /// 500: then a fifth of 512 tokens is kept, and after 750, half a step more, seven tenths.
    /// </summary>
    [Theory]
    [InlineData(499, 512, 0)]
    [InlineData(500, 410, 102)]
    [InlineData(750, 154, 358)]
    public void Tokens_are_kept_for_batch_work_by_how_much_it_is_owed(int passedMs, int chat, int batch)
    {
        var desk = new SlackDesk([Chat, Bulk with { MinShare = 0.2 }], Idle);
        desk.Add(0, 20_000);
        desk.Add(1, 2000, 1);
        desk.Plan().Chunks[0].Tokens.ShouldBe(512);
        desk.Commit(passedMs * Ms);
        var plan = desk.Plan();
        plan.Chunks.ToArray().Select(c => c.Tokens).ShouldBe(batch == 0 ? [chat] : [chat, batch]);
        (plan.Why == StepBound.Share).ShouldBe(batch > 0);
    }

    [Fact]
    public void A_prompt_has_the_tokens_that_the_free_blocks_hold()
    {
        // Four blocks are free; a hundred tokens lack three.
        var desk = new SlackDesk([Chat], Idle, blocks: 10);
        desk.Decoding(0, 1, prompt: 95);
        desk.Add(0, 100, 1);
        desk.Plan().Chunks[0].Tokens.ShouldBe(100 - (3 * 16));
    }

    /// <summary>31 tokens are computed again in 1.31 ms.</summary>
    [Theory]
    [InlineData(21_129, true)]
    [InlineData(21_130, false)]
    public void Kv_is_moved_where_out_and_in_take_less_than_computing_again_to_the_nanosecond(
        double nsPerToken, bool moved)
    {
        var desk = new SlackDesk([Chat, Bulk], Idle with { SwapNsPerToken = nsPerToken }, blocks: 6);
        desk.Decoding(1, 1, prompt: 31);
        desk.Add(0, 80, 1);
        var plan = desk.Plan();
        (plan.SwappedOut.Length == 1).ShouldBe(moved);
        plan.PredictedNs.ShouldBe(StepNs(80) + plan.MovedNs);
        desk.Commit(plan.PredictedNs!.Value);
        desk.Predictor.Error.ShouldBe(0, "what moved is no part of the step's own time");
    }

    /// <summary>
    /// The step takes 1.81 ms and moving out 32 tokens 0.64, and a token is due after five.
    /// </summary>
    [Theory]
    [InlineData(2550, true)]
    [InlineData(2551, false)]
    public void Kv_is_moved_out_where_that_makes_no_token_late(int passedUs, bool moved)
    {
        var desk = new SlackDesk(
            [Chat with { ItlNs = 5 * Ms }, Bulk], Idle with { SwapNsPerToken = 20_000 }, blocks: 7);
        var batch = desk.Decoding(1, 1, prompt: 31)[0];
        desk.Decoding(0, 1);
        desk.Pass(1000L * passedUs);
        desk.Add(0, 80, 1);
        var plan = desk.Plan();
        plan.Preempted.ToArray().ShouldBe([batch]);
        (plan.SwappedOut.Length == 1).ShouldBe(moved);
    }

    [Fact]
    public void Steps_are_learnt_from_one_by_one_without_drafting_and_not_where_they_were_cut_short()
    {
        var desk = new SlackDesk(
            [Chat], Idle with { Drafts = new DraftSpec(4, [0.9], 90_000, 10_000), CanAbort = true });
        desk.Decoding(0, 1);
        var plan = desk.Plan();
        plan.Shape.DraftTokens.ShouldBeGreaterThan(0);
        desk.Commit(plan.PredictedNs!.Value);
        (desk.Predictor.Error, desk.Predictor.Observations).ShouldBe((0, 2));
        desk.Plan();
        desk.Commit(0);
        desk.Plan();
        desk.Scheduler.Commit(new StepOutcome([]) { Aborted = true, DurationNs = Ms }, desk.NowNs);
        desk.Predictor.Observations.ShouldBe(2);

        desk = new SlackDesk([Chat], Idle);
        desk.Decoding(0, 1);
        desk.Plan().RepeatableSteps.ShouldBeGreaterThan(1);
        desk.Scheduler.Commit(new StepOutcome([], steps: 2) { DurationNs = 2 * StepNs(1) }, 2 * StepNs(1));
        (desk.Predictor.Error, desk.Predictor.Observations).ShouldBe((0, 2));
    }

    [Fact]
    public void More_batch_answers_than_a_list_begins_with_are_all_kept_in_order()
    {
        var desk = new SlackDesk([Bulk], Idle, seqs: 200);
        var batch = desk.Decoding(0, 150);
        desk.Plan();
        desk.Decodes().ShouldBe(batch);
        desk.End(batch[3]);
        desk.Commit(Ms);
        desk.Plan();
        desk.Decodes().ShouldBe(batch.Where(b => b != batch[3]));
    }
}
