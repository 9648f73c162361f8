using Plimsoll.Core.Scheduling;
using Shouldly;
using Xunit;
using static Plimsoll.Tests.Scheduling.SlackDesk;

namespace Plimsoll.Tests.Scheduling;

/// <summary>
/// Whether a promise can be kept when a request arrives, by hand: an idle step of 5 ms takes 400 tokens of
/// prompts, found to sixteen, and fewer by the decodes beside them.
/// </summary>
public sealed class SlackAdmissionTests
{
    static readonly SlackOptions Idle = new() { IdleStepNs = 5 * Ms };

    static readonly ServiceLevelSpec Chat = new()
    {
        Name = "chat", TtftNs = 20 * Ms, Overload = Overload.Reject,
    };
    static readonly ServiceLevelSpec Bulk = new() { Name = "bulk", Class = ServiceClass.Batch };

    [Fact]
    public void A_prompt_that_ends_too_late_is_turned_away_for_as_long_as_it_would_be_late()
    {
        // One step for the first, three of almost 400 for the next; what is left then takes 2 ms and more.
        var desk = new SlackDesk([Chat], Idle);
        var first = desk.Add(0, 400);
        desk.Ask(0, 1300).RetryAfterNs!.Value.ShouldBeInRange(2 * Ms, 2_700_000);
        desk.Ask(0, 1100).Admission.ShouldBe(Admission.Accepted);

        // What is computed no longer counts: 1,100 tokens are left when 5 ms have passed.
        desk.Plan().Chunks[0].Tokens.ShouldBe(400);
        desk.End(first);
        desk.Commit(5 * Ms);
        desk.Ask(0, 560).RetryAfterNs!.Value.ShouldBeInRange(1, 3 * Ms);
        desk.Ask(0, 300).IsTaken.ShouldBeTrue();
    }

    [Fact]
    public void The_deadline_counts_from_the_arrival()
    {
        var desk = new SlackDesk([Chat], Idle);
        desk.Pass(10 * Ms);
        Ask(null).IsTaken.ShouldBeTrue();
        desk = new SlackDesk([Chat], Idle);
        desk.Pass(10 * Ms);
        Ask(0).RetryAfterNs!.Value.ShouldBeInRange(9 * Ms, 10 * Ms);
        Ask(4 * Ms).RetryAfterNs!.Value.ShouldBeInRange(5 * Ms, 6 * Ms);

        Verdict Ask(long? arrivalNs) => desk.Ask(new RequestSpec
        {
            PromptTokens = 1500, MaxOutputTokens = 9, ArrivalNs = arrivalNs,
        });
    }

    [Fact]
    public void A_step_in_flight_is_waited_for()
    {
        var desk = new SlackDesk([Chat, Bulk], Idle);
        desk.Add(1, 390, 1);
        desk.Plan();
        // The step ends after 4.9 ms; 1,500 tokens, which take 19 to 20 ms, would end late, 1,100 in time.
        desk.Ask(0, 1500).RetryAfterNs!.Value.ShouldBeInRange(3_900_000, StepNs(390));
        desk.Ask(0, 1100).IsTaken.ShouldBeTrue();
    }

    [Fact]
    public void Prompts_in_the_step_in_flight_count_with_what_it_leaves_of_them()
    {
        var desk = new SlackDesk([Chat], Idle);
        desk.Add(0, 1500);
        desk.Plan().Chunks[0].Tokens.ShouldBeInRange(384, 400);
        // 1,100 tokens are left for the 15 ms after it, and the newcomer has no more time than they.
        desk.Ask(0, 400).IsTaken.ShouldBeFalse();
        desk.Ask(0, 20).IsTaken.ShouldBeTrue();
    }

    [Fact]
    public void Nobody_is_taken_in_who_makes_another_late()
    {
        var desk = new SlackDesk([Chat], Idle);
        desk.Add(0, 1400);
        var hurried = new RequestSpec { PromptTokens = 300, MaxOutputTokens = 9, TtftNs = 10 * Ms };
        // Itself done after the first step; of the other a hundred tokens are left after 20 ms.
        desk.Ask(hurried).RetryAfterNs!.Value.ShouldBeInRange(2 * Ms, 2_700_000);
        desk.Ask(hurried with { PromptTokens = 100 }).IsTaken.ShouldBeTrue();
    }

    [Fact]
    public void Who_is_late_already_is_not_made_so_by_the_newcomer()
    {
        var desk = new SlackDesk([Chat, Chat with { Overload = Overload.Queue }], Idle);
        desk.Ask(1, 2000).Admission.ShouldBe(Admission.Accepted);
        desk.Ask(new RequestSpec { PromptTokens = 300, MaxOutputTokens = 9, TtftNs = 10 * Ms })
            .Admission.ShouldBe(Admission.Accepted);
        desk.Ask(0, 1).RetryAfterNs!.Value.ShouldBeInRange(8 * Ms, 11 * Ms);
    }

    [Fact]
    public void What_cannot_be_kept_becomes_batch_work_where_the_level_says_so()
    {
        var relegated = Chat with { Overload = Overload.Relegate };
        var desk = new SlackDesk([relegated, Bulk, Bulk with { Name = "more" }], Idle);
        var verdict = desk.Ask(0, 1700);
        verdict.Admission.ShouldBe(Admission.Relegated);
        verdict.IsTaken.ShouldBeTrue();
        // As batch work it is abortable, and in nobody's way.
        desk.Ask(0, 1500).Admission.ShouldBe(Admission.Accepted);

        verdict = new SlackDesk([relegated], Idle).Ask(0, 1700);
        verdict.Admission.ShouldBe(Admission.Rejected);
        verdict.RetryAfterNs!.Value.ShouldBeInRange(2 * Ms, 4 * Ms);
        new SlackDesk([Chat with { Class = ServiceClass.Batch }], Idle).Ask(0, 1700).IsTaken.ShouldBeTrue();
    }

    [Fact]
    public void Decodes_have_to_fit_the_shortest_gap_together()
    {
        // 100 tokens take 2 ms. Answers are taken for 256 tokens: a quarter of one ends in 64 steps.
        var level = new ServiceLevelSpec { Name = "chat", ItlNs = 2 * Ms, Overload = Overload.Reject };
        var desk = new SlackDesk([level, level with { ItlNs = null }], Idle);
        desk.Decoding(0, 60);
        for (var i = 0; i < 40; i++)
            desk.Ask(0, 1).IsTaken.ShouldBeTrue();
        desk.Ask(0, 1).RetryAfterNs.ShouldBe(64 * 10_000);
        desk.Ask(1, 1).RetryAfterNs.ShouldBe(64 * 10_000, "the gaps of others are kept too");
        desk.Ask(new RequestSpec { PromptTokens = 1, MaxOutputTokens = 9, ItlNs = 1_900_000 })
            .RetryAfterNs.ShouldBe(64 * 110_000);
    }

    [Fact]
    public void A_prompt_has_the_time_that_decodes_leave_of_the_gap()
    {
        // Beside 100 decodes a gap of 4 ms has time for 200 tokens, found to sixteen.
        var level = new ServiceLevelSpec
        {
            Name = "chat", ItlNs = 4 * Ms, TtftNs = 40 * Ms, Overload = Overload.Reject,
        };
        var desk = new SlackDesk([level], Idle, seqs: 200);
        desk.Decoding(0, 100);
        desk.Ask(0, 2100).RetryAfterNs!.Value.ShouldBeInRange(1, 8 * Ms);
        desk.Ask(0, 184 * 10).IsTaken.ShouldBeTrue();
    }

    /// <summary>
    /// A pace of 10 ms is aimed at as 9. The one that decodes has its next token after 1.01 ms and may be so
    /// much later as it catches up in an eighth of an answer of 256 tokens, each step of two decodes 1.02 ms.
    /// </summary>
    [Fact]
    public void Answers_that_are_promised_a_pace_have_to_catch_up_after_the_prompt()
    {
        var level = new ServiceLevelSpec
        {
            Name = "chat", ItlNs = 10 * Ms, Pacing = Pacing.Paced, Overload = Overload.Reject,
        };
        var desk = new SlackDesk([level], Idle, tokens: 1_000_000);
        desk.Decoding(0, 1);
        const long MayWaitNs = 9 * Ms - 1_020_000 + 32 * (9 * Ms - 1_020_000);
        const int Tokens = (int)(MayWaitNs / 10_000);
        desk.Ask(0, Tokens + 10).RetryAfterNs.ShouldBe(100_000);
        desk.Ask(0, Tokens).IsTaken.ShouldBeTrue();
        desk.Ask(0, 1).IsTaken.ShouldBeFalse("the prompt before it is as long as may be");

        // Who has no pace to keep makes nobody wait who has not either.
        new SlackDesk([level with { ItlNs = null }], Idle).Ask(0, Tokens + 10).IsTaken.ShouldBeTrue();
    }

    [Fact]
    public void Memory_has_to_hold_everybody_at_the_lengths_that_answers_have()
    {
        // A request of 100 tokens with an answer of 100 needs 13 blocks, and one for the block it begins.
        var level = new ServiceLevelSpec { Name = "chat", Overload = Overload.Reject };
        var desk = new SlackDesk([level], Idle, blocks: 28);
        desk.Ask(0, 100, 100).IsTaken.ShouldBeTrue();
        desk.Ask(0, 100, 100).IsTaken.ShouldBeTrue();
        desk.Ask(0, 100, 100).IsTaken.ShouldBeFalse();

        // A longest answer beyond the mean of 256 is taken for 256.
        desk = new SlackDesk([level], Idle, blocks: 40);
        desk.Ask(0, 100, 500).IsTaken.ShouldBeTrue();
        desk.Ask(0, 100, 500).RetryAfterNs.ShouldBe(64 * StepNs(2));
    }

    [Fact]
    public void Lengths_of_answers_are_learnt()
    {
        // Every answer of one token moves the mean by a sixteenth: in the end five requests of eight blocks
        // fit.
        var level = new ServiceLevelSpec { Name = "chat", Overload = Overload.Reject };
        var desk = new SlackDesk([level, level with { Name = "other" }], Idle, blocks: 40);
        for (var i = 0; i < 128; i++)
        {
            var request = desk.Add(0, 1);
            desk.Step();
            desk.End(request);
            desk.Step();
        }
        for (var i = 0; i < 4; i++)
            desk.Ask(0, 100, 500).IsTaken.ShouldBeTrue();
        desk.Ask(1, 100, 500).IsTaken.ShouldBeFalse("its level's answers are not known to be short");
        desk.Ask(0, 100, 500).IsTaken.ShouldBeTrue();
    }

    [Fact]
    public void Lengths_of_short_answers_are_learnt_to_the_token()
    {
        // Answers of one token: a request of 100 holds seven blocks and the one that it begins.
        var desk = new SlackDesk(
            [new ServiceLevelSpec { Name = "chat", Overload = Overload.Reject }], Idle, blocks: 40);
        for (var i = 0; i < 128; i++)
        {
            var request = desk.Add(0, 1);
            desk.Step();
            desk.End(request);
            desk.Step();
        }
        for (var i = 0; i < 5; i++)
            desk.Ask(0, 100, 500).IsTaken.ShouldBeTrue();
        desk.Ask(0, 100, 500).IsTaken.ShouldBeFalse();
    }

    [Fact]
    public void Memory_counts_every_level_by_its_own_answers()
    {
        // The level that asks may answer one token; the other's two may come to 356, 24 blocks each.
        var level = new ServiceLevelSpec { Name = "chat", Overload = Overload.Reject };
        foreach (var (blocks, taken) in new[] { (55, false), (56, true) })
        {
            var desk = new SlackDesk([level, level with { Name = "long" }], Idle, blocks: blocks);
            desk.Ask(1, 100, 500).IsTaken.ShouldBeTrue();
            desk.Ask(1, 100, 500).IsTaken.ShouldBeTrue();
            desk.Ask(0, 100, 1).IsTaken.ShouldBe(taken);
        }
    }

    [Fact]
    public void A_step_of_batch_work_is_cut_short_for_a_prompt_that_it_alone_would_make_late()
    {
        // A batch step of 4.9 ms in flight; a prompt of 400 tokens takes 5 ms alone.
        foreach (var (ttftMs, cut) in new[] { (4, false), (5, true), (9, true), (10, false) })
        {
            var chat = Chat with { TtftNs = ttftMs * Ms, Overload = Overload.Queue };
            var desk = new SlackDesk([chat, Bulk], Idle with { CanAbort = true });
            desk.Add(1, 390, 1);
            desk.Plan().IsAbortable.ShouldBeTrue();
            desk.Scheduler.ShouldAbort(0).ShouldBeFalse("nobody waits");
            desk.Add(0, 400);
            desk.Scheduler.ShouldAbort(0).ShouldBe(cut, $"{ttftMs} ms");
        }
        var free = new SlackDesk([Chat with { TtftNs = null }, Bulk], Idle with { CanAbort = true });
        free.Add(1, 390, 1);
        free.Plan();
        free.Add(0, 400);
        free.Scheduler.ShouldAbort(0).ShouldBeFalse("no limit");

        var cannot = new SlackDesk([Chat with { TtftNs = 7 * Ms, Overload = Overload.Queue }, Bulk], Idle);
        cannot.Add(1, 390, 1);
        cannot.Plan().IsAbortable.ShouldBeFalse();
        cannot.Add(0, 400);
        cannot.Scheduler.ShouldAbort(0).ShouldBeFalse("this executor cannot");
    }
}
