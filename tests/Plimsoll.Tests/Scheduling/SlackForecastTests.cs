using Plimsoll.Core.Scheduling;
using Shouldly;
using Xunit;
using static Plimsoll.Tests.Scheduling.SlackDesk;

namespace Plimsoll.Tests.Scheduling;

/// <summary>
/// When first tokens are foreseen, to the nanosecond. A step that is full takes all of its time, 5 ms where
/// nothing is due, and has sixteen tokens less than are found to fit: of 400, found to sixteen, 370.
/// </summary>
public sealed class SlackForecastTests
{
    static readonly SlackOptions Idle = new() { IdleStepNs = 5 * Ms };
    static readonly SlackOptions InTurns = Idle with { MixesAdapters = false };

    static readonly ServiceLevelSpec Chat = new()
    {
        Name = "chat", TtftNs = 20 * Ms, Overload = Overload.Reject,
    };

    static readonly ServiceLevelSpec Gaps = Chat with { ItlNs = 10 * Ms, TtftNs = 3 * Ms };
    static readonly ServiceLevelSpec Queue = Chat with { Overload = Overload.Queue };
    static readonly ServiceLevelSpec Bulk = new() { Name = "bulk", Class = ServiceClass.Batch };

    /// <summary>
    /// Beside a decode that reads 101 tokens the first step has room for 300 and 88 tokens, 72 in the
    /// forecast. In the second two decodes read 102 and 301, and 312 tokens are left: 4.543 ms.
    /// </summary>
    [Fact]
    public void What_decodes_read_grows_by_a_token_a_step_and_by_every_prompt_that_ends()
    {
        var desk = new SlackDesk([Chat], Idle, contextNs: 1000);
        desk.Decoding(0, 1, prompt: 100);
        desk.Ask(Prompt(300, 7 * Ms)).IsTaken.ShouldBeTrue();
        desk.Ask(Prompt(384, 8 * Ms)).RetryAfterNs.ShouldBe(9_543_000 - (8 * Ms));
    }

    /// <summary>386 of 1,000 tokens are computed; 370 and 244 are left, and the newcomer's hundred.</summary>
    [Fact]
    public void What_is_computed_of_a_prompt_is_not_waited_for()
    {
        var desk = new SlackDesk([Chat, Queue], Idle);
        desk.Ask(Prompt(1000, 6 * Ms) with { Level = 1 });
        desk.Step();
        desk.Ask(Prompt(100, 3 * Ms)).RetryAfterNs.ShouldBe((5 * Ms) + StepNs(344) - (3 * Ms));
    }

    [Fact]
    public void What_comes_with_its_kv_is_not_waited_for()
    {
        var desk = new SlackDesk([Chat, Queue], Idle);
        var moved = Prompt(1500, Ms) with { TransferredTokens = 1400 };
        desk.Ask(moved).RetryAfterNs.ShouldBe(Ms);
        desk.Ask(moved with { Level = 1 }).IsTaken.ShouldBeTrue();
        desk.Ask(Prompt(100, 2 * Ms)).RetryAfterNs.ShouldBe(Ms);
    }

    [Fact]
    public void A_prompt_that_the_step_in_flight_ends_is_a_decode_and_no_prompt_any_more()
    {
        // A hundred decodes fill the gap of 2 ms: fifty, the twenty in flight and thirty who come.
        var level = new ServiceLevelSpec { Name = "chat", ItlNs = 2 * Ms, Overload = Overload.Reject };
        var desk = new SlackDesk([level], Idle, seqs: 200);
        desk.Decoding(0, 50);
        for (var i = 0; i < 20; i++)
            desk.Add(0, 1);
        desk.Plan().Chunks.Length.ShouldBe(20);
        for (var i = 0; i < 30; i++)
            desk.Ask(0, 1).IsTaken.ShouldBeTrue();
        desk.Ask(0, 1).RetryAfterNs.ShouldBe(64 * 10_000);
    }

    [Fact]
    public void Of_batch_work_in_flight_only_its_step_is_waited_for()
    {
        var desk = new SlackDesk([Chat, Bulk], Idle);
        desk.Add(1, 1500, 1);
        desk.Plan().Chunks[0].Tokens.ShouldBe(386);
        desk.Ask(Prompt(700, 13 * Ms)).RetryAfterNs
            .ShouldBe(StepNs(386) + (5 * Ms) + StepNs(330) - (13 * Ms));
    }

    [Fact]
    public void Half_of_the_time_is_foreseen_where_half_is_promised_to_batch_work()
    {
        var desk = new SlackDesk([Chat, Bulk with { MinShare = 0.5 }], Idle);
        desk.Ask(Prompt(700, 15 * Ms)).RetryAfterNs.ShouldBe((10 * Ms) + (2 * StepNs(330)) - (15 * Ms));
    }

    /// <summary>
    /// 64 steps are gone through; what is left, with what the next holds, goes on at that step's pace.
    /// </summary>
    [Fact]
    public void A_long_queue_goes_on_at_the_pace_of_the_last_step_that_was_foreseen()
    {
        const double PaceNs = 4_700_000 / 370.0;
        const int Left = 40_000 - (64 * 370);
        var desk = new SlackDesk([Chat], Idle);
        desk.Ask(0, 40_000).RetryAfterNs.ShouldBe((320 * Ms) + (long)(Left * PaceNs) - (20 * Ms));
        desk.Ask(Prompt(100, 30 * Ms)).IsTaken.ShouldBeTrue();
        // The hundred behind it are as much later, and were in time without it.
        desk.Ask(Prompt(40_000, 29_500_000)).RetryAfterNs
            .ShouldBe((320 * Ms) + (long)((Left + 100) * PaceNs) - (30 * Ms));
    }

    [Fact]
    public void Decodes_that_may_catch_up_leave_a_prompt_four_gaps()
    {
        // 2,000 tokens beside a decode take 21.01 ms at once, and 23 and more in gaps of ten.
        foreach (var pacing in new[] { Pacing.Paced, Pacing.Strict })
        {
            var level = Gaps with { Pacing = pacing, TtftNs = 22 * Ms };
            var desk = new SlackDesk([level], Idle, tokens: 20_000);
            desk.Decoding(0, 1);
            desk.Ask(0, 2000).IsTaken.ShouldBe(pacing == Pacing.Paced);
        }
    }

    /// <summary>
    /// The first adapter's prompt takes 2 ms. Then its decode, which reads 101 tokens at 10 µs, takes 2.02 ms
    /// of every gap alone; the other's prompt has 7.98, in a step that is taken to hold that decode too. Of
    /// one token more 565 are placed in the first gap, and 32 take 4.37 ms in the next.
    /// </summary>
    [Theory]
    [InlineData(596, 9_000_000)]
    [InlineData(597, 13_370_000)]
    public void In_turns_a_gap_holds_a_step_of_decodes_of_each_and_one_of_prompts(int tokens, long lateNs)
    {
        var desk = new SlackDesk([Gaps], InTurns, tokens: 2000, contextNs: 10_000);
        desk.Ask(Prompt(100, 2_500_000) with { Adapter = 1 }).IsTaken.ShouldBeTrue();
        desk.Ask(Prompt(tokens, 3 * Ms) with { Adapter = 2 }).RetryAfterNs.ShouldBe(lateNs);
    }

    /// <summary>
    /// After the step of 2 ms the same adapter's prompt takes 2.01, another's 1.01 for the decode as well.
    /// </summary>
    [Theory]
    [InlineData(1, 1_010_000)]
    [InlineData(2, 2_020_000)]
    public void A_prompt_in_flight_of_another_adapter_makes_for_turns(int adapter, long lateNs)
    {
        var desk = new SlackDesk([Gaps], InTurns);
        desk.Ask(Prompt(100, 3 * Ms) with { Adapter = 1 });
        desk.Plan();
        desk.Ask(Prompt(100, 3 * Ms) with { Adapter = adapter }).RetryAfterNs.ShouldBe(lateNs);
    }

    /// <summary>
    /// 511 tokens beside the decode take 6.12 ms and the rest 2.9. In turns the decode takes 1.01 after each,
    /// and the second step begins a gap of ten after the first.
    /// </summary>
    [Theory]
    [InlineData(1, 100, 0)]
    [InlineData(2, 100, 20_000)]
    [InlineData(1, 700, 6_020_000)]
    [InlineData(2, 700, 10_910_000)]
    public void Decodes_of_another_adapter_make_for_turns(int adapter, int tokens, long lateNs)
    {
        var desk = new SlackDesk([Gaps], InTurns);
        desk.Ask(Prompt(100, 3 * Ms) with { Adapter = 1 });
        desk.Step();
        (desk.Ask(Prompt(tokens, 3 * Ms) with { Adapter = adapter }).RetryAfterNs ?? 0).ShouldBe(lateNs);
    }

    /// <summary>
    /// A decode reads its prompt of a hundred and its new token at 10 µs each, in a turn of its own after the
    /// next step one more. The newcomer's step takes 3.02 ms with it, and in turns 2.02 or 2.03 are added.
    /// </summary>
    [Theory]
    [InlineData(true, 1, 5_020_000)]
    [InlineData(true, 2, 7_040_000)]
    [InlineData(false, 1, 3_020_000)]
    [InlineData(false, 2, 5_050_000)]
    public void What_a_decode_reads_counts_from_the_step_that_ends_its_prompt(
        bool isInFlight, int adapter, long endsNs)
    {
        var desk = new SlackDesk([Gaps], InTurns, contextNs: 10_000);
        desk.Ask(Prompt(100, 3 * Ms) with { Adapter = 1 });
        desk.Plan();
        if (!isInFlight)
            desk.Commit(StepNs(100));
        desk.Ask(Prompt(100, 3 * Ms) with { Adapter = adapter }).RetryAfterNs.ShouldBe(endsNs - (3 * Ms));
    }

    [Fact]
    public void The_gap_of_who_is_in_flight_paces_the_steps_of_who_has_none()
    {
        // In steps of ten milliseconds beside a decode, not of five: 6.12 and 2.9.
        var desk = new SlackDesk([Gaps, Gaps with { ItlNs = null }], Idle);
        desk.Ask(Prompt(100, 3 * Ms));
        desk.Plan();
        desk.Ask(Prompt(700, 3 * Ms) with { Level = 1 }).RetryAfterNs
            .ShouldBe(StepNs(100) + StepNs(512) + StepNs(190) - (3 * Ms));
    }

    /// <summary>Fifty decodes of each of two adapters take 3 ms in turns, and their gap is 2.5.</summary>
    [Fact]
    public void Where_decodes_leave_a_prompt_no_time_at_all_one_gap_is_waited()
    {
        var level = Chat with { ItlNs = 2_500_000 };
        var desk = new SlackDesk([level, level with { Overload = Overload.Queue }], InTurns, seqs: 200);
        foreach (var adapter in new[] { 1, 2 })
        {
            for (var i = 0; i < 50; i++)
                desk.Ask(Prompt(1, Ms) with { Adapter = adapter, Level = 1 });
        }
        for (var step = 0; step < 600 && desk.Scheduler.Waiting > 0; step++)
        {
            desk.Plan();
            desk.Commit(1000);
        }
        desk.Scheduler.Running.ShouldBe(100);
        desk.Ask(0, 1).RetryAfterNs.ShouldBe(2_500_000);
    }

    [Fact]
    public void Gaps_of_those_who_wait_are_kept_too_with_all_that_they_will_read()
    {
        // Two decodes of 300 and 680 tokens take 2 ms together, which is what the one who waits is promised.
        var fast = new ServiceLevelSpec { Name = "fast", ItlNs = 2 * Ms, Overload = Overload.Reject };
        var desk = new SlackDesk([fast, fast with { ItlNs = null }], Idle, contextNs: 1000);
        desk.Ask(0, 300).IsTaken.ShouldBeTrue();
        desk.Ask(1, 681).RetryAfterNs.ShouldBe(64 * 1000);
        desk.Ask(1, 680).IsTaken.ShouldBeTrue();
    }

    [Fact]
    public void Who_is_promised_a_first_token_needs_a_seat()
    {
        var desk = new SlackDesk([Chat, Chat with { TtftNs = null }], Idle, seqs: 2);
        desk.Ask(0, 1).IsTaken.ShouldBeTrue();
        desk.Ask(0, 1).IsTaken.ShouldBeTrue();
        desk.Ask(0, 1).RetryAfterNs.ShouldBe(64 * StepNs(3));
        desk.Ask(1, 1).IsTaken.ShouldBeTrue();
    }

    /// <summary>A prompt of 600 and an answer of 100 come to 44 blocks and one that is begun.</summary>
    [Theory]
    [InlineData(89, false)]
    [InlineData(90, true)]
    public void Memory_of_a_prompt_that_is_begun_is_counted_once(int blocks, bool taken)
    {
        var desk = new SlackDesk([Chat with { TtftNs = null }], Idle, blocks: blocks);
        desk.Add(0, 600, 100);
        desk.Step();
        desk.Ask(0, 600, 100).IsTaken.ShouldBe(taken);
    }

    /// <summary>What is answered is part of the longest answer: always 13 blocks and one.</summary>
    [Theory]
    [InlineData(27, false)]
    [InlineData(28, true)]
    public void Memory_of_an_answer_is_that_of_its_end_and_of_batch_work_none(int blocks, bool taken)
    {
        var desk = new SlackDesk([Chat with { TtftNs = null }, Bulk], Idle, blocks: blocks);
        desk.Add(0, 100, 100);
        desk.Add(1, 100, 100);
        for (var step = 0; step < 5; step++)
            desk.Step();
        desk.Decodes().Length.ShouldBe(2);
        desk.Ask(0, 100, 100).IsTaken.ShouldBe(taken);
    }

    static RequestSpec Prompt(int tokens, long ttftNs) => new()
    {
        PromptTokens = tokens, MaxOutputTokens = 9, TtftNs = ttftNs,
    };
}
