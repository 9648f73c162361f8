using System.Linq;
using Plimsoll.Core.Scheduling;
using Shouldly;
using Xunit;
using static Plimsoll.Tests.Scheduling.SlackDesk;

namespace Plimsoll.Tests.Scheduling;

/// <summary>Who gives way in slack when blocks or seats run out, and what becomes of the KV.</summary>
public sealed class SlackMemoryTests
{
    static readonly ServiceLevelSpec Chat = new() { Name = "chat" };
    static readonly ServiceLevelSpec Bulk = new() { Name = "bulk", Class = ServiceClass.Batch };

    [Fact]
    public void Batch_work_gives_way_newest_first_and_comes_back_where_it_was()
    {
        // Four batch requests of 31 tokens hold eight of fourteen blocks; a prompt of 128 wants eight.
        var desk = new SlackDesk([Chat, Bulk], new SlackOptions { ReservedBlocks = 0 }, blocks: 14);
        var batch = desk.Decoding(1, 4, prompt: 31);
        var first = desk.Add(0, 128, 1);
        var plan = desk.Plan();
        plan.Preempted.ToArray().ShouldBe([batch[3]]);
        plan.Chunks[0].Request.ShouldBe(first);
        plan.Shape.Decodes.ShouldBe(3);
        plan.SwappedOut.Length.ShouldBe(0);
        desk.Scheduler.UsedBlocks.ShouldBe(14);
        desk.Scheduler.Waiting.ShouldBe(1);
    }

    [Fact]
    public void Who_gave_way_stays_out_for_sixteen_steps_though_there_is_room()
    {
        var desk = new SlackDesk([Chat, Bulk], new SlackOptions { ReservedBlocks = 0 }, blocks: 14);
        var batch = desk.Decoding(1, 4, prompt: 20);
        var chat = desk.Add(0, 128, 1);
        desk.Plan().Preempted.ToArray().ShouldBe([batch[3]]);
        desk.End(chat);
        desk.Commit(Ms);
        var steps = 1;
        while (desk.Plan().Chunks.Length == 0)
        {
            desk.Commit(Ms);
            steps++;
        }
        steps.ShouldBe(16);
    }

    /// <summary>
    /// Four requests of 32 tokens hold eight of nine blocks and all begin a third: one gives way. It comes
    /// back when there are blocks for all of it and one for each that runs, not as soon as its prompt fits.
    /// </summary>
    [Fact]
    public void Who_gave_way_to_others_like_him_comes_back_when_there_is_room_to_stay()
    {
        var desk = new SlackDesk([Chat], blocks: 9);
        var chats = desk.Decoding(0, 4, prompt: 32);
        var plan = desk.Plan();
        plan.Preempted.ToArray().ShouldBe([chats[3]]);
        plan.Shape.Decodes.ShouldBe(3);
        plan.Chunks.Length.ShouldBe(0);
        desk.End(chats[0]);
        for (var i = 0; i < 5; i++)
        {
            desk.Commit(Ms);
            desk.Plan().Chunks.Length.ShouldBe(0, "three blocks are free and two others run");
        }
        desk.End(chats[1]);
        desk.Commit(Ms);
        desk.Plan().Chunks.ToArray().ShouldContain(chunk => chunk.Request == chats[3]);
    }

    [Fact]
    public void A_seat_is_taken_from_the_newest_batch_request()
    {
        var desk = new SlackDesk([Chat, Bulk], seqs: 3);
        var batch = desk.Decoding(1, 3);
        desk.Add(1, 1);
        desk.Plan().Preempted.Length.ShouldBe(0, "batch work waits for a seat");
        desk.Commit(Ms);
        desk.Add(0, 10);
        var plan = desk.Plan();
        plan.Preempted.ToArray().ShouldBe([batch[2]]);
        plan.Chunks[0].Tokens.ShouldBe(10);
        desk.Scheduler.Running.ShouldBe(3);
    }

    [Fact]
    public void Interactive_requests_wait_for_a_seat_behind_each_other()
    {
        var desk = new SlackDesk([Chat], seqs: 2);
        desk.Decoding(0, 2);
        desk.Add(0, 10);
        var plan = desk.Plan();
        plan.Preempted.Length.ShouldBe(0);
        plan.Chunks.Length.ShouldBe(0);
        plan.Why.ShouldBe(StepBound.Sequences);
    }

    [Theory]
    [InlineData(31_000, false)]
    [InlineData(20_000, true)]
    public void Kv_is_kept_outside_where_out_and_in_take_less_than_computing_again(
        double nsPerToken, bool kept)
    {
        // 31 tokens are computed again in 1.31 ms; out and in of them take 62 times as long as one token's.
        var desk = new SlackDesk(
            [Chat, Bulk], new SlackOptions { ReservedBlocks = 0, SwapNsPerToken = nsPerToken }, blocks: 6);
        var batch = desk.Decoding(1, 1, prompt: 31)[0];
        desk.Add(0, 80, 1);
        var plan = desk.Plan();
        plan.Preempted.ToArray().ShouldBe([batch]);
        plan.SwappedOut.ToArray().ShouldBe(kept ? [batch] : []);
        plan.MovedNs.ShouldBe(kept ? 31 * 20_000 : 0);
        if (!kept)
            return;
        desk.End(plan.Chunks[0].Request);
        desk.Commit(Ms);
        plan = desk.Plan();
        plan.SwappedIn.ToArray().ShouldBe([batch]);
        (plan.Chunks[0].Start, plan.Chunks[0].Tokens).ShouldBe((31, 1));
    }

    [Fact]
    public void Batch_prompts_are_admitted_whole_and_leave_the_reserve()
    {
        // A tenth of 100 blocks stays free; with somebody running, 80 more are the most.
        var desk = new SlackDesk([Chat, Bulk], new SlackOptions { ReservedBlocks = 0.1 }, blocks: 100);
        desk.Decoding(0, 1, prompt: 150);
        desk.Add(1, 81 * 16, 1);
        desk.Plan().Chunks.Length.ShouldBe(0);
        desk.Commit(Ms);

        desk = new SlackDesk([Chat, Bulk], new SlackOptions { ReservedBlocks = 0.1 }, blocks: 100);
        desk.Decoding(0, 1, prompt: 150);
        desk.Add(1, 80 * 16, 1);
        desk.Plan().Chunks[0].Tokens.ShouldBe(511);

        // Alone in the engine it needs no reserve.
        desk = new SlackDesk([Chat, Bulk], new SlackOptions { ReservedBlocks = 0.9 }, blocks: 100);
        desk.Add(1, 90 * 16, 1);
        desk.Plan().Chunks[0].Tokens.ShouldBe(512);
    }

    [Fact]
    public void An_interactive_prompt_takes_the_part_that_memory_has()
    {
        var desk = new SlackDesk([Chat], blocks: 10);
        desk.Decoding(0, 1, prompt: 95);
        desk.Add(0, 100, 1);
        var plan = desk.Plan();
        plan.Chunks[0].Tokens.ShouldBeInRange((3 * 16) + 1, 4 * 16);
        plan.Preempted.Length.ShouldBe(0);
        desk.Scheduler.UsedBlocks.ShouldBe(10);
    }

    [Fact]
    public void Interactive_decodes_take_the_newest_of_their_own_when_nobody_else_is_left()
    {
        // Three full blocks each want one more; three of nine are free for three, so two give way to none;
        // with eight blocks the newest gives way.
        var desk = new SlackDesk([Chat], blocks: 8);
        var chats = desk.Decoding(0, 3, prompt: 32);
        var plan = desk.Plan();
        plan.Preempted.ToArray().ShouldBe([chats[2]]);
        desk.Decodes().ShouldBe(chats[..2]);
    }

    /// <summary>
    /// A step of the prompt alone takes 1.01 ms, and as much has to be left for the other adapter's decode.
    /// </summary>
    [Theory]
    [InlineData(0, true)]
    [InlineData(2980, true)]
    [InlineData(2981, false)]
    public void Another_adapters_prompt_has_what_is_left_before_a_token_is_due(int passedUs, bool goes)
    {
        var fast = Chat with { ItlNs = 5 * Ms };
        var desk = new SlackDesk([fast], new SlackOptions { MixesAdapters = false });
        var one = Ask(1);
        desk.Step();
        var two = Ask(2);
        desk.Pass(1000L * passedUs);
        var plan = desk.Plan();
        RequestId[] served = [.. desk.Decodes(), .. plan.Chunks.ToArray().Select(c => c.Request)];
        served.ShouldBe([goes ? two : one]);
        plan.BudgetNs.ShouldBe((5 * Ms) - (1000L * passedUs) - (goes ? StepNs(1) : 0));

        RequestId Ask(int adapter) => desk.Ask(new RequestSpec
        {
            PromptTokens = 1, MaxOutputTokens = 99, Adapter = adapter,
        }).Request;
    }

    [Fact]
    public void A_step_of_one_adapter_leaves_the_next_the_time_of_its_own_decodes()
    {
        // Tokens of adapter 1 and 2 came 0.2 ms apart and take 1.01 ms alone: the one that is due first must
        // end early enough for the other's.
        var fast = Chat with { ItlNs = 10 * Ms, TtftNs = 50 * Ms };
        var desk = new SlackDesk([fast], new SlackOptions { MixesAdapters = false });
        Ask(1, 50 * Ms);
        desk.Step();
        Ask(2, Ms);
        desk.Plan();
        desk.Commit(200_000);
        for (var turn = 0; turn < 3; turn++)
        {
            var plan = desk.Plan();
            plan.Shape.Decodes.ShouldBe(1);
            plan.BudgetNs.ShouldBe((10 * Ms) - StepNs(1));
            desk.Commit(200_000);
        }

        void Ask(int adapter, long ttftNs) => desk.Ask(new RequestSpec
        {
            PromptTokens = 1, MaxOutputTokens = 99, Adapter = adapter, TtftNs = ttftNs,
        });
    }
}
