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
