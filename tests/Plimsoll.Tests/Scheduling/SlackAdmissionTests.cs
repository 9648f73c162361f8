using Plimsoll.Core.Scheduling;
using Shouldly;
using Xunit;
using static Plimsoll.Tests.Scheduling.SlackDesk;

namespace Plimsoll.Tests.Scheduling;

/// <summary>
/// Whether a promise can be kept when a request arrives, by hand: an idle step of 5 ms takes 400 tokens of
/// prompts, so a prompt token takes 12.5 µs.
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
        var desk = new SlackDesk([Chat], Idle);
        var first = desk.Add(0, 400);
        desk.Ask(0, 1200).Admission.ShouldBe(Admission.Accepted);
        desk.Ask(0, 1).ShouldBe(new Verdict(Admission.Rejected, RequestId.None, 12_500));
        desk.Ask(0, 1000).RetryAfterNs.ShouldBe(1000 * 12_500);

        // What is computed no longer counts: 1,200 tokens are left when 5 ms have passed.
        desk.Plan().Chunks[0].Tokens.ShouldBe(400);
        desk.End(first);
        desk.Commit(5 * Ms);
        desk.Ask(0, 401).RetryAfterNs.ShouldBe(12_500);
        desk.Ask(0, 400).IsTaken.ShouldBeTrue();
    }

    [Fact]
    public void The_deadline_counts_from_the_arrival()
    {
        var desk = new SlackDesk([Chat], Idle);
        desk.Pass(10 * Ms);
        Ask(null).IsTaken.ShouldBeTrue();
        desk = new SlackDesk([Chat], Idle);
        desk.Pass(10 * Ms);
        Ask(0).RetryAfterNs.ShouldBe(10 * Ms);
        Ask(4 * Ms).RetryAfterNs.ShouldBe(6 * Ms);

        Verdict Ask(long? arrivalNs) => desk.Ask(new RequestSpec
        {
            PromptTokens = 1600, MaxOutputTokens = 9, ArrivalNs = arrivalNs,
        });
    }

    [Fact]
    public void A_step_in_flight_is_waited_for()
    {
        var desk = new SlackDesk([Chat, Bulk], Idle);
        desk.Add(1, 390, 1);
        desk.Plan();
        // The step ends after 4.9 ms; 1,600 tokens would end 4.9 ms late, 1,200 in time.
        desk.Ask(0, 1600).RetryAfterNs.ShouldBe(StepNs(390));
        desk.Ask(0, 1200).IsTaken.ShouldBeTrue();
    }

    [Fact]
    public void Nobody_is_taken_in_who_makes_another_late()
    {
        var desk = new SlackDesk([Chat], Idle);
        desk.Add(0, 1400);
        var hurried = new RequestSpec { PromptTokens = 300, MaxOutputTokens = 9, TtftNs = 10 * Ms };
        // Itself done after 3.75 ms; the other after 21.25 ms, 1.25 ms late.
        desk.Ask(hurried).RetryAfterNs.ShouldBe(1_250_000);
        desk.Ask(hurried with { PromptTokens = 200 }).IsTaken.ShouldBeTrue();
    }

    [Fact]
    public void Who_is_late_already_is_not_made_so_by_the_newcomer()
    {
        var desk = new SlackDesk([Chat, Chat with { Overload = Overload.Queue }], Idle);
        desk.Ask(1, 2000).Admission.ShouldBe(Admission.Accepted);
        desk.Ask(new RequestSpec { PromptTokens = 300, MaxOutputTokens = 9, TtftNs = 10 * Ms })
            .Admission.ShouldBe(Admission.Accepted);
        desk.Ask(0, 1).RetryAfterNs.ShouldBe((2301 * 12_500) - (20 * Ms));
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
        desk.Ask(0, 1600).Admission.ShouldBe(Admission.Accepted);

        new SlackDesk([relegated], Idle).Ask(0, 1700)
            .ShouldBe(new Verdict(Admission.Rejected, RequestId.None, 1_250_000));
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
        desk.Ask(0, 10_000 / 5).RetryAfterNs!.Value.ShouldBeInRange(0, 4 * Ms);
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
        var desk = new SlackDesk([level], Idle, blocks: 27);
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
        // Every answer of one token moves the mean by a sixteenth: after sixteen it is 99, and two fit.
        var level = new ServiceLevelSpec { Name = "chat", Overload = Overload.Reject };
        var desk = new SlackDesk([level, level with { Name = "other" }], Idle, blocks: 40);
        for (var i = 0; i < 16; i++)
        {
            var request = desk.Add(0, 1);
            desk.Step();
            desk.End(request);
            desk.Step();
        }
        desk.Ask(0, 100, 500).IsTaken.ShouldBeTrue();
        desk.Ask(1, 100, 500).IsTaken.ShouldBeFalse("its level's answers are not known to be short");
        desk.Ask(0, 100, 500).IsTaken.ShouldBeTrue();
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
