using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Scheduling;
using Shouldly;
using Xunit;
using static Plimsoll.Tests.Scheduling.SlackDesk;

namespace Plimsoll.Tests.Scheduling;

/// <summary>A share of the engine promised to batch work, beside enough of the other kind.</summary>
public sealed class SlackShareTests
{
    static readonly SlackOptions Idle = new() { IdleStepNs = 5 * Ms };
    static readonly ServiceLevelSpec Chat = new() { Name = "chat", ItlNs = StepNs(50) };

    /// <summary>
    /// Fifty decodes take all the time there is. What batch work is billed is its part of the millisecond
    /// that every step takes, by sequences, and ten microseconds a token of its own.
    /// </summary>
    [Theory]
    [InlineData(0.1)]
    [InlineData(0.3)]
    public void Time_is_held_as_it_is_billed(double share)
    {
        var desk = new SlackDesk([Chat, Bulk(share)], Idle);
        desk.Decoding(0, 50);
        double billedNs = 0;
        var beganNs = desk.NowNs;
        while (desk.NowNs - beganNs < 2000 * Ms)
        {
            if (desk.Scheduler.Waiting == 0)
                desk.Add(1, 2000, 1);
            var plan = desk.Plan();
            var chunks = plan.Chunks.ToArray();
            billedNs += (double)Ms * chunks.Length / (50 + chunks.Length)
                + chunks.Sum(c => 10_000.0 * c.Tokens);
            foreach (var chunk in chunks.Where(c => c.EndsPrompt))
                desk.End(chunk.Request);
            desk.Commit(StepNs(plan.Shape.Tokens));
        }
        (billedNs / (desk.NowNs - beganNs)).ShouldBeInRange(0.97 * share, 1.1 * share);
    }

    /// <summary>
    /// A line that decodes beside fifty others is billed a fifty-first of a millisecond and ten microseconds
    /// of its own in a step, and can take no more of it, whatever share is promised: prompts are not kept
    /// back for it.
    /// </summary>
    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    public void A_line_that_can_take_no_more_keeps_no_prompt_waiting(double share)
    {
        var desk = new SlackDesk([Chat with { ItlNs = StepNs(300) }, Bulk(share)], Idle);
        desk.Decoding(0, 50);
        desk.Decoding(1, 1);
        for (var i = 0; i < 200; i++)
        {
            var asked = desk.Add(0, 100, 1);
            var plan = desk.Plan();
            plan.Chunks.ToArray().ShouldContain(c => c.Request == asked && c.EndsPrompt, $"step {i}");
            plan.Shape.Decodes.ShouldBe(51);
            desk.End(asked);
            desk.Commit(StepNs(plan.Shape.Tokens));
        }
    }

    /// <summary>
    /// The same with three levels of lines without end, the first of which weighs the most by far and was
    /// promised nothing.
    /// </summary>
    [Fact]
    public void Each_level_has_the_share_that_it_was_promised()
    {
        var desk = new SlackDesk([Chat, Bulk(0) with { Weight = 50 }, Bulk(0.2), Bulk(0.1)], Idle);
        desk.Decoding(0, 50);
        var (billedNs, levels) = (new double[4], new Dictionary<RequestId, int>());
        var beganNs = desk.NowNs;
        while (desk.NowNs - beganNs < 2000 * Ms)
        {
            for (var level = 1; level < 4; level++)
            {
                if (!levels.ContainsValue(level))
                    levels.Add(desk.Add(level, 2000, 1), level);
            }
            var plan = desk.Plan();
            foreach (var chunk in plan.Chunks)
            {
                billedNs[levels[chunk.Request]] +=
                    ((double)Ms / (50 + plan.Chunks.Length)) + (10_000.0 * chunk.Tokens);
                if (!chunk.EndsPrompt)
                    continue;
                desk.End(chunk.Request);
                levels.Remove(chunk.Request);
            }
            desk.Commit(StepNs(plan.Shape.Tokens));
        }
        var shares = billedNs.Select(ns => ns / (desk.NowNs - beganNs)).ToArray();
        shares[1].ShouldBeLessThan(0.01);
        shares[2].ShouldBeInRange(0.97 * 0.2, 1.1 * 0.2);
        shares[3].ShouldBeInRange(0.97 * 0.1, 1.2 * 0.1);
    }

    /// <summary>
    /// 150 ms are owed and half of the time after; a prompt of two milliseconds comes behind them.
    /// </summary>
    [Theory]
    [InlineData(0.5, 20, false)]
    [InlineData(0.5, 2000, true)]
    [InlineData(0, 20, true)]
    public void Who_would_be_late_behind_what_is_owed_is_turned_away(double share, int ttftMs, bool taken)
    {
        var hurried = new ServiceLevelSpec
        {
            Name = "hurried", TtftNs = ttftMs * Ms, Overload = Overload.Reject,
        };
        var desk = new SlackDesk(
            [new() { Name = "chat" }, Bulk(share), hurried], new SlackOptions { IdleStepNs = 100 * Ms });
        var first = desk.Add(0, 512, 1);
        desk.Add(1, 20_000, 1);
        desk.Plan();
        desk.End(first);
        desk.Commit(300 * Ms);
        var askedNs = desk.NowNs;
        var verdict = desk.Ask(2, 100, 1);
        (verdict.Admission == Admission.Accepted).ShouldBe(taken);
        for (var given = !taken; !given;)
        {
            var plan = desk.Plan();
            foreach (var chunk in plan.Chunks)
                given |= chunk.Request == verdict.Request && chunk.EndsPrompt;
            desk.Commit(StepNs(plan.Shape.Tokens));
            if (given)
                (desk.NowNs - askedNs).ShouldBeLessThanOrEqualTo(ttftMs * Ms);
        }
    }

    /// <summary>
    /// A gap of 4 ms has time for 300 decodes, and for a hundred where half of it is promised away.
    /// </summary>
    [Theory]
    [InlineData(0, 300)]
    [InlineData(0.5, 100)]
    [InlineData(0.25, 200)]
    public void Decodes_leave_what_is_promised_of_the_shortest_gap(double share, int decodes)
    {
        var chat = Chat with { ItlNs = StepNs(300), Overload = Overload.Reject };
        var desk = new SlackDesk([chat, Bulk(share)], new SlackOptions(), seqs: 500);
        for (var i = 0; i < decodes; i++)
            desk.Ask(0, 1).IsTaken.ShouldBeTrue();
        desk.Ask(0, 1).IsTaken.ShouldBeFalse();
    }

    /// <summary>
    /// Decodes take half of every gap, and prompts without end would take the rest of it. A third goes to
    /// batch work, and out of the prompts' time: no gap is longer for it.
    /// </summary>
    [Fact]
    public void A_share_is_paid_within_gaps_while_they_have_time_for_it()
    {
        var (gapNs, share) = (StepNs(300), 0.3);
        var desk = new SlackDesk([Chat with { ItlNs = gapNs }, Bulk(share)], new SlackOptions());
        desk.Decoding(0, 50);
        double billedNs = 0;
        RequestId line = default, prompt = default;
        var beganNs = desk.NowNs;
        while (desk.NowNs - beganNs < 2000 * Ms)
        {
            line = line == default ? desk.Add(1, 2000, 1) : line;
            prompt = prompt == default ? desk.Add(0, 2000, 1) : prompt;
            var plan = desk.Plan();
            StepNs(plan.Shape.Tokens).ShouldBeLessThanOrEqualTo(gapNs);
            foreach (var chunk in plan.Chunks)
            {
                if (chunk.Request == line)
                    billedNs += ((double)Ms / (50 + plan.Chunks.Length)) + (10_000.0 * chunk.Tokens);
                if (!chunk.EndsPrompt)
                    continue;
                desk.End(chunk.Request);
                if (chunk.Request == line)
                    line = default;
                else
                    prompt = default;
            }
            desk.Commit(StepNs(plan.Shape.Tokens));
        }
        (billedNs / (desk.NowNs - beganNs)).ShouldBeInRange(0.97 * share, 1.1 * share);
    }

    /// <summary>
    /// Interactive requests would take every block and every seat; when one is done another comes.
    /// </summary>
    [Theory]
    [InlineData(1000, 8)]
    [InlineData(200, 64)]
    public void Memory_and_seats_come_with_the_time(int blocks, int seqs)
    {
        Lines(0).ShouldBe(0);
        Lines(0.4).ShouldBeGreaterThan(20);

        int Lines(double share)
        {
            var desk = new SlackDesk([Chat with { ItlNs = null }, Bulk(share)], Idle, seqs, blocks: blocks);
            for (var i = 0; i < 80; i++)
                desk.Add(0, 100, 2000);
            desk.Step();
            var (lines, batch) = (0, new HashSet<RequestId>());
            for (var step = 0; step < 400; step++)
            {
                if (step % 3 == 2)
                {
                    desk.End(desk.Decodes().First(r => !batch.Contains(r)));
                    desk.Add(0, 100, 2000);
                }
                if (step % 4 == 0)
                    batch.Add(desk.Add(1, 100, 1));
                var plan = desk.Plan();
                foreach (var chunk in plan.Chunks.ToArray().Where(c => c.EndsPrompt))
                {
                    if (!batch.Contains(chunk.Request))
                        continue;
                    desk.End(chunk.Request);
                    lines++;
                }
                desk.Commit(StepNs(plan.Shape.Tokens));
            }
            return lines;
        }
    }

    /// <summary>Charges of millions of tokens neither wrap nor cost a turn too few.</summary>
    [Fact]
    public void Who_asks_for_millions_of_tokens_waits_for_as_many()
    {
        var desk = new SlackDesk(
            [Bulk(0)], new SlackOptions { IdleStepNs = 200_000 * Ms, ReservedBlocks = 0 }, tokens: 7_000_000,
            blocks: 450_000);
        RequestId[] lines = [Add(0, 3_000_000), Add(0, 3_000_000), Add(1, 100), Add(1, 100)];
        desk.Plan().Chunks.ToArray().Select(c => c.Request)
            .ShouldBe([lines[0], lines[2], lines[3], lines[1]]);

        RequestId Add(int tenant, int prompt) => Ask(desk, tenant, prompt);
    }

    /// <summary>Two tenants of equal prompts, of whom the first has answers ten times as long.</summary>
    [Fact]
    public void Answers_are_charged_too()
    {
        var desk = new SlackDesk([Bulk(0)], new SlackOptions { IdleStepNs = 1 }, seqs: 1);
        int[] given = [0, 0];
        RequestId[] waiting = [Ask(desk, 0, 10), Ask(desk, 1, 10)];
        for (var line = 0; line < 220; line++)
        {
            var served = desk.Plan().Chunks[0].Request;
            var tenant = Array.IndexOf(waiting, served);
            desk.Commit(Ms);
            for (var token = 1; token < (tenant == 0 ? 100 : 10); token++)
            {
                desk.Plan();
                if (token == (tenant == 0 ? 99 : 9))
                    desk.End(served);
                desk.Commit(Ms);
            }
            given[tenant] += tenant == 0 ? 110 : 20;
            waiting[tenant] = Ask(desk, tenant, 10);
        }
        ((double)given[0] / given[1]).ShouldBeInRange(0.9, 1.1);
    }

    static RequestId Ask(SlackDesk desk, int tenant, int prompt) => desk.Ask(new RequestSpec
    {
        PromptTokens = prompt, MaxOutputTokens = 100, Tenant = tenant,
    }).Request;

    static ServiceLevelSpec Bulk(double share) =>
        new() { Name = "bulk", Class = ServiceClass.Batch, MinShare = share };
}
