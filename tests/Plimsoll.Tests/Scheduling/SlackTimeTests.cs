using System;
using System.Linq;
using Plimsoll.Core.Scheduling;
using Shouldly;
using Xunit;
using static Plimsoll.Tests.Scheduling.SlackDesk;

namespace Plimsoll.Tests.Scheduling;

/// <summary>How long a step in slack may take, and what is put into that time: worked out by hand.</summary>
public sealed class SlackTimeTests
{
    static readonly ServiceLevelSpec Fast = new() { Name = "fast", TtftNs = 400 * Ms, ItlNs = 5 * Ms };
    static readonly ServiceLevelSpec Paced = new()
    {
        Name = "paced", TtftNs = 800 * Ms, ItlNs = 10 * Ms, Pacing = Pacing.Paced,
    };
    static readonly ServiceLevelSpec Free = new() { Name = "free" };
    static readonly ServiceLevelSpec Bulk = new() { Name = "bulk", Class = ServiceClass.Batch, Weight = 3 };

    [Fact]
    public void A_step_lasts_until_the_next_token_is_due_and_a_prompt_fills_it()
    {
        var desk = new SlackDesk([Fast]);
        desk.Decoding(0, 1);
        desk.Pass(2 * Ms);
        desk.Add(0, 1000);
        var plan = desk.Plan();

        // 3 ms are left: 1 ms, the decode's 10 µs and at most 199 tokens, found to sixteen.
        plan.BudgetNs.ShouldBe(3 * Ms);
        plan.Shape.Decodes.ShouldBe(1);
        plan.Chunks[0].Tokens.ShouldBeInRange(199 - 16, 199);
        plan.PredictedNs.ShouldBe(StepNs(plan.Shape.Tokens));
        plan.Why.ShouldBe(StepBound.Deadline);
    }

    [Fact]
    public void A_prompt_that_fits_is_taken_whole_and_nothing_bounds_the_step()
    {
        var desk = new SlackDesk([Fast]);
        desk.Decoding(0, 1);
        desk.Add(0, 399);
        var plan = desk.Plan();
        plan.Chunks[0].Tokens.ShouldBe(399);
        plan.Chunks[0].EndsPrompt.ShouldBeTrue();
        plan.Why.ShouldBe(StepBound.Demand);
        plan.PredictedNs.ShouldBe(5 * Ms);
    }

    [Theory]
    [InlineData(12, 5, 3)]
    [InlineData(40, 5, 5)]
    [InlineData(4000, 500, 100)]
    public void An_idle_engine_takes_no_longer_than_a_newcomer_can_wait(
        int ttftMs, int itlMs, int longestMs)
    {
        // A quarter of the time to the first token, a gap, or 100 ms; promises to batch work are no limit.
        var desk = new SlackDesk(
            [Bulk with { TtftNs = 1, ItlNs = 1 }, Fast with { TtftNs = ttftMs * Ms, ItlNs = itlMs * Ms }],
            tokens: 20_000);
        desk.Add(0, 20_000, 1);
        var plan = desk.Plan();
        plan.BudgetNs.ShouldBeNull();
        var most = (longestMs - 1) * 100;
        plan.Chunks[0].Tokens.ShouldBeInRange(most - 16, most);
    }

    [Fact]
    public void The_time_of_an_idle_engine_can_be_given()
    {
        var desk = new SlackDesk([Fast], new SlackOptions { IdleStepNs = 2 * Ms });
        desk.Add(0, 1000);
        desk.Plan().Chunks[0].Tokens.ShouldBeInRange(100 - 16, 100);
    }

    [Fact]
    public void Prompts_go_by_when_they_are_due_and_not_by_when_they_came()
    {
        var desk = new SlackDesk([Fast, Paced]);
        var late = desk.Add(1, 300);
        desk.Pass(Ms);
        var soon = desk.Add(0, 300);
        var own = desk.Ask(new RequestSpec
        {
            PromptTokens = 100, MaxOutputTokens = 9, Level = 1, TtftNs = 300 * Ms,
        }).Request;
        var plan = desk.Plan();
        plan.Chunks.ToArray().Select(c => c.Request).ShouldBe([own, soon]);

        // What was begun is due no later for it: it goes on before the one that is due last.
        desk.Commit(StepNs(400));
        desk.Plan().Chunks[0].Request.ShouldBe(late);
    }

    [Fact]
    public void A_prompt_that_found_no_time_four_times_gets_some_regardless()
    {
        // 49 decodes take 1.49 ms, and 1.5 ms is all there is.
        var desk = new SlackDesk(
            [Fast with { ItlNs = 1_500_000 }], new SlackOptions { IdleStepNs = 50 * Ms });
        desk.Decoding(0, 50);
        desk.Add(0, 500);
        for (var step = 0; step < 4; step++)
        {
            desk.Plan().Chunks.Length.ShouldBe(0);
            desk.Commit(StepNs(50));
        }
        desk.Plan().Chunks[0].Tokens.ShouldBe(64);
        desk.Commit(StepNs(114));
        desk.Plan().Chunks.Length.ShouldBe(0, "it has to be patient again");
    }

    [Fact]
    public void A_paced_answer_may_use_the_time_it_saved_and_aims_a_tenth_sooner()
    {
        var desk = new SlackDesk([Paced]);
        desk.Decoding(0, 1);

        // The second token is due 9 ms after the first, the third 18 ms, however soon the second came.
        desk.Plan().BudgetNs.ShouldBe(9 * Ms);
        desk.Commit(2 * Ms);
        desk.Plan().BudgetNs.ShouldBe(16 * Ms);
        desk.Commit(16 * Ms);
        desk.Plan().BudgetNs.ShouldBe(9 * Ms);
        desk.Commit(12 * Ms);
        desk.Plan().BudgetNs.ShouldBe(6 * Ms);
    }

    [Fact]
    public void The_paced_answer_that_is_due_first_sets_the_time()
    {
        var desk = new SlackDesk([Paced]);
        desk.Decoding(0, 1);
        desk.Step();
        desk.Step();
        var late = desk.Decoding(0, 1)[0];
        desk.Plan().BudgetNs.ShouldBe(9 * Ms);

        // It leaves. The first is to have its sixth token five gaps of 9 ms after its first.
        desk.End(late);
        desk.Commit(Ms);
        desk.Plan().BudgetNs.ShouldBe(5 * 9 * Ms - (2 * StepNs(1) + StepNs(2) + Ms));
    }

    [Fact]
    public void Tokens_that_came_ahead_give_a_paced_answer_their_time()
    {
        var drafts = new SlackOptions { Drafts = new DraftSpec(4, [1.0], 0, 0) };
        var desk = new SlackDesk([Paced], drafts);
        var request = desk.Decoding(0, 1)[0];
        desk.Plan().Cohorts[0].DraftTokens.ShouldBe(4);
        desk.Accept(request, 3);
        desk.Commit(2 * Ms);
        desk.Plan().BudgetNs.ShouldBe((9 * 5 - 2) * Ms);
    }

    [Fact]
    public void Paced_answers_wait_for_a_prompt_up_to_four_gaps_and_strict_ones_do_not()
    {
        foreach (var (level, most) in new[] { (Paced, 4 * 10), (Paced with { Pacing = Pacing.Strict }, 10) })
        {
            var desk = new SlackDesk([level], tokens: 20_000);
            desk.Decoding(0, 1);
            desk.Add(0, 9_000);
            desk.Plan().Chunks[0].Tokens.ShouldBeInRange((most - 1) * 100 - 1 - 16, (most - 1) * 100 - 1);
        }
    }

    [Fact]
    public void Batch_work_fills_what_interactive_work_leaves()
    {
        var desk = new SlackDesk([Fast, Bulk]);
        desk.Decoding(0, 1);
        desk.Add(0, 100);
        desk.Add(1, 1000, 1);
        var plan = desk.Plan();
        plan.Chunks.Length.ShouldBe(2);
        plan.Chunks[0].Tokens.ShouldBe(100);
        plan.Chunks[1].Tokens.ShouldBeInRange(299 - 16, 299);
        plan.IsAbortable.ShouldBeFalse();
    }

    [Fact]
    public void A_batch_prompt_is_not_cut_into_crumbs_but_its_end_may_be_one()
    {
        // Time for 59 tokens beside the decode, less than the 64 that a chunk has at least.
        var itl = Fast with { ItlNs = StepNs(60) };
        var desk = new SlackDesk([itl, Bulk], new SlackOptions { IdleStepNs = 50 * Ms });
        desk.Decoding(0, 1);
        desk.Add(1, 1000, 1);
        var plan = desk.Plan();
        plan.Chunks.Length.ShouldBe(0);
        plan.Why.ShouldBe(StepBound.Deadline);

        desk = new SlackDesk([itl, Bulk], new SlackOptions { IdleStepNs = 50 * Ms });
        desk.Decoding(0, 1);
        desk.Add(1, 59, 1);
        desk.Plan().Chunks[0].Tokens.ShouldBe(59);
    }

    [Fact]
    public void Batch_work_takes_turns_by_the_weights_of_tenants_and_of_levels()
    {
        // Every prompt fills a step. Twice the weight: two prompts go for each of the other's.
        var bulk = new ServiceLevelSpec { Name = "bulk", Class = ServiceClass.Batch };
        Turns([bulk], i => new RequestSpec
        {
            PromptTokens = 400, MaxOutputTokens = 1, Tenant = 1 + i, TenantWeight = 1 + i,
        }).ShouldBe("122122");
        Turns([bulk, bulk with { Weight = 2 }], i => new RequestSpec
        {
            PromptTokens = 400, MaxOutputTokens = 1, Tenant = 5, Level = i,
        }).ShouldBe("122122");
        // A prompt of half the length counts half.
        Turns([bulk], i => new RequestSpec
        {
            PromptTokens = 400 / (1 + i), MaxOutputTokens = 1, Tenant = i,
        }, oneAtATime: true).ShouldBe("122122");
    }

    [Fact]
    public void Whoever_comes_later_is_not_paid_for_the_time_he_was_away()
    {
        var desk = new SlackDesk([Bulk], new SlackOptions { IdleStepNs = 5 * Ms });
        var names = Enumerable.Range(0, 6).ToDictionary(_ => Ask(1), _ => 1);
        for (var i = 0; i < 3; i++)
            names[ServeOne(desk)].ShouldBe(1);
        for (var i = 0; i < 3; i++)
            names.Add(Ask(2), 2);
        string.Concat(Enumerable.Range(0, 6).Select(_ => names[ServeOne(desk)])).ShouldBe("212121");

        RequestId Ask(int tenant) => desk.Ask(new RequestSpec
        {
            PromptTokens = 400, MaxOutputTokens = 1, Tenant = tenant,
        }).Request;
    }

    /// <summary>Whose turn it is, six times, when each of two has six prompts.</summary>
    static string Turns(
        ServiceLevelSpec[] levels, Func<int, RequestSpec> prompt, bool oneAtATime = false)
    {
        var desk = new SlackDesk(
            levels, new SlackOptions { IdleStepNs = 5 * Ms }, seqs: oneAtATime ? 1 : 64);
        var names = Enumerable.Range(0, 12)
            .ToDictionary(i => desk.Ask(prompt(i / 6)).Request, i => 1 + i / 6);
        return string.Concat(Enumerable.Range(0, 6).Select(_ => names[ServeOne(desk)]));
    }

    static RequestId ServeOne(SlackDesk desk)
    {
        var first = desk.Plan().Chunks[0].Request;
        desk.End(first);
        desk.Commit(5 * Ms);
        return first;
    }

    [Fact]
    public void Batch_decodes_stop_while_time_is_short_and_the_oldest_go_on()
    {
        // 40 batch answers take 1.4 ms; beside 10 interactive ones 1.4 ms is all there is, for 30 of them.
        var desk = new SlackDesk(
            [Fast with { ItlNs = 1_400_000 }, Bulk], new SlackOptions { IdleStepNs = 50 * Ms });
        var batch = desk.Decoding(1, 40);
        desk.Decoding(0, 10);
        var plan = desk.Plan();
        plan.Shape.Decodes.ShouldBe(40);
        plan.Parked.Length.ShouldBe(10);
        plan.Parked.ToArray().Select(m => m.Request).ShouldBe(batch[30..], ignoreOrder: true);
        desk.Decodes().ShouldNotContain(batch[35]);
        desk.Commit(StepNs(40));

        // Still no room: nobody comes or goes.
        plan = desk.Plan();
        (plan.Parked.Length, plan.Resumed.Length).ShouldBe((0, 0));
        foreach (var request in desk.Decodes().Except(batch))
            desk.End(request);
        desk.Commit(StepNs(40));
        plan = desk.Plan();
        plan.Resumed.Length.ShouldBe(10);
        plan.Shape.Decodes.ShouldBe(40);
    }

    [Fact]
    public void A_plan_repeats_while_the_gap_holds_and_memory_lasts()
    {
        // 8 answers of 17 tokens in blocks of 16 with 4 blocks free for each, of which one is the step's own.
        var desk = new SlackDesk([Free], blocks: 8 * 5);
        desk.Decoding(0, 8, prompt: 17);
        var plan = desk.Plan();
        plan.RepeatableSteps.ShouldBe(1 + 2 * 16);
        desk.Commit(StepNs(8));

        desk.Add(0, 5);
        desk.Plan().RepeatableSteps.ShouldBe(1, "a prompt is in the step");
    }

    [Fact]
    public void Time_that_is_promised_to_batch_work_is_given_once_a_step_of_it_is_owed()
    {
        // A fifth of the time. Interactive decodes leave none; an idle step is 5 ms, owed after 25 ms.
        var desk = new SlackDesk(
            [Fast with { ItlNs = StepNs(50) }, Bulk with { MinShare = 0.2 }],
            new SlackOptions { IdleStepNs = 5 * Ms });
        desk.Decoding(0, 50);
        desk.Add(1, 2000, 1);
        var passed = 0L;
        while (true)
        {
            var plan = desk.Plan();
            if (plan.Chunks.Length > 0)
                break;
            plan.Why.ShouldNotBe(StepBound.Share);
            desk.Commit(StepNs(50));
            passed += StepNs(50);
        }
        passed.ShouldBeInRange(25 * Ms, 25 * Ms + 2 * StepNs(50));
        var share = desk.Scheduler;
        share.Running.ShouldBe(51);
    }

    [Fact]
    public void As_many_drafts_are_made_as_pay()
    {
        // A decode alone takes 1.01 ms; k drafts add k · (10 µs to verify + 100 µs to make).
        // Tokens per step at half the drafts accepted: 1, 1.5, 1.75, 1.875, 1.9375.
        // ms per token: 1.01, 0.747, 0.703, 0.715, 0.748: two are best.
        var drafts = new DraftSpec(4, [0.5], 90_000, 10_000);
        var desk = new SlackDesk([Free], new SlackOptions { Drafts = drafts });
        desk.Decoding(0, 1);
        var plan = desk.Plan();
        plan.Cohorts[0].DraftTokens.ShouldBe(2);
        plan.Shape.DraftTokens.ShouldBe(2);
        plan.PredictedNs.ShouldBe(StepNs(3) + 200_000);

        // Where a token is due sooner than that, only as many as fit: 1.12 ms is one draft.
        desk = new SlackDesk(
            [Fast with { ItlNs = 1_200_000 }], new SlackOptions { Drafts = drafts, IdleStepNs = 9 * Ms });
        desk.Decoding(0, 1);
        desk.Plan().Cohorts[0].DraftTokens.ShouldBe(1);
    }
}
