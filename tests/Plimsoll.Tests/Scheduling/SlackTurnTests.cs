using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Scheduling;
using Shouldly;
using Xunit;
using static Plimsoll.Tests.Scheduling.SlackDesk;

namespace Plimsoll.Tests.Scheduling;

/// <summary>Whose step it is where a step carries one adapter, turn by turn.</summary>
public sealed class SlackTurnTests
{
    static readonly SlackOptions InTurns = new() { IdleStepNs = 5 * Ms, MixesAdapters = false };
    static readonly ServiceLevelSpec Free = new() { Name = "free" };
    static readonly ServiceLevelSpec Bulk = new() { Name = "bulk", Class = ServiceClass.Batch };

    readonly Dictionary<RequestId, int> _adapters = [];

    /// <summary>
    /// A decode that is due every 2.31 ms and takes 1.01 leaves another adapter time for thirty tokens, and a
    /// turn is worth taking for 64.
    /// </summary>
    [Fact]
    public void A_prompt_that_nobody_has_promised_anything_is_passed_over_64_times()
    {
        var desk = new SlackDesk([Free with { ItlNs = 2_310_000 }], InTurns);
        Ask(desk, 1);
        desk.Step();
        Ask(desk, 2, prompt: 1000);
        for (var chunk = 0; chunk < 2; chunk++)
        {
            var passed = 0;
            while (passed < 100 && Turn(desk) != 2)
                passed++;
            passed.ShouldBe(64);
        }
    }

    /// <summary>
    /// A decode that is due every 1.5 ms and takes 1.01 leaves another adapter no time at all. When the
    /// prompt has been passed over for long enough it gets what a turn is worth, due or not.
    /// </summary>
    [Fact]
    public void A_prompt_that_there_is_no_time_for_waits_no_longer()
    {
        var desk = new SlackDesk([Free with { ItlNs = 1_500_000 }], InTurns);
        Ask(desk, 1);
        desk.Step();
        Ask(desk, 2, prompt: 1000);
        for (var chunk = 0; chunk < 2; chunk++)
        {
            var passed = 0;
            while (passed < 1000 && Turn(desk) != 2)
                passed++;
            passed.ShouldBe(64);
        }
    }

    [Fact]
    public void Decodes_without_a_limit_go_by_who_has_waited_longest_and_nobody_who_is_gone()
    {
        var desk = new SlackDesk([Free], InTurns);
        var requests = new[] { 1, 2, 3 }.Select(adapter =>
        {
            var request = Ask(desk, adapter);
            desk.Step();
            return request;
        }).ToArray();
        Turns(desk, 5).ShouldBe("12312");
        desk.End(requests[2]);
        Turns(desk, 7).ShouldBe("3121212");
    }

    [Fact]
    public void Of_those_who_have_waited_as_long_the_first_who_came_goes()
    {
        var desk = new SlackDesk([Free], InTurns);
        foreach (var adapter in new[] { 1, 2 })
        {
            Ask(desk, adapter);
            desk.Plan();
            desk.Commit(0);
        }
        Turns(desk, 3).ShouldBe("121");
    }

    [Fact]
    public void Batch_decodes_take_turns_with_those_who_have_no_limit()
    {
        var desk = new SlackDesk([Free, Bulk], InTurns);
        Ask(desk, 2, level: 1);
        desk.Step();
        Ask(desk, 1);
        Turns(desk, 7).ShouldBe("1212121");
    }

    /// <summary>Alone, batch prompts of one adapter take turns with batch decodes of another.</summary>
    [Fact]
    public void Batch_prompts_and_batch_decodes_take_turns()
    {
        var desk = new SlackDesk([Bulk], InTurns);
        Ask(desk, 1);
        desk.Step();
        Ask(desk, 2, prompt: 4000);
        var turns = Turns(desk, 8);
        turns.ShouldBeOneOf("12121212", "21212121");
    }

    /// <summary>
    /// Tokens of three adapters are due 9.5, 9.7 and 10 ms from now. A step of the first has to leave the
    /// second one step, of 1.01 ms, and the third that and its own.
    /// </summary>
    [Fact]
    public void A_step_leaves_those_who_are_due_next_the_time_of_all_before_them()
    {
        var desk = new SlackDesk([Free with { ItlNs = 10 * Ms, TtftNs = 50 * Ms }], InTurns);
        Ask(desk, 1);
        desk.Step();
        foreach (var (adapter, ns) in new[] { (2, 200_000), (3, 300_000) })
        {
            Ask(desk, adapter, ttftNs: Ms);
            desk.Plan().Chunks.Length.ShouldBe(1);
            desk.Commit(ns);
        }
        var plan = desk.Plan();
        _adapters[desk.Decodes().Single()].ShouldBe(1);
        plan.BudgetNs.ShouldBe((10 * Ms) - (2 * StepNs(1)));
        desk.Commit(Ms);

        // The second is due in 8.7 ms, the third in 9 and the first, who has its token, in 10.
        desk.Plan().BudgetNs.ShouldBe((10 * Ms) - (2 * StepNs(1)));
        _adapters[desk.Decodes().Single()].ShouldBe(2);
    }

    /// <summary>64 tokens take 1.64 ms, and 1.01 have to be left of 5 for the decode.</summary>
    [Theory]
    [InlineData(2350, 2)]
    [InlineData(2351, 1)]
    public void Batch_work_of_another_adapter_has_a_turn_while_there_is_time_for_a_chunk(
        int passedUs, int adapter)
    {
        var desk = new SlackDesk([Free with { ItlNs = 5 * Ms }, Bulk], InTurns);
        Ask(desk, 1);
        desk.Step();
        Ask(desk, 2, level: 1, prompt: 1000);
        desk.Pass(1000L * passedUs);
        Turn(desk).ShouldBe(adapter);
    }

    [Fact]
    public void A_first_token_that_is_due_before_the_next_of_others_goes_first()
    {
        // The decode leaves another adapter's prompt time for thirty tokens, less than a turn is worth.
        foreach (var (ttftNs, adapter) in new[] { (2_309_999, 2), (2_310_000, 1) })
        {
            var desk = new SlackDesk([Free with { ItlNs = 2_310_000, TtftNs = 50 * Ms }], InTurns);
            Ask(desk, 1);
            desk.Step();
            Ask(desk, 2, prompt: 1000, ttftNs: ttftNs);
            Turn(desk).ShouldBe(adapter);
        }
    }

    RequestId Ask(SlackDesk desk, int adapter, int level = 0, int prompt = 1, long? ttftNs = null)
    {
        var request = desk.Ask(new RequestSpec
        {
            PromptTokens = prompt, MaxOutputTokens = 900, Adapter = adapter, Level = level, TtftNs = ttftNs,
        }).Request;
        _adapters[request] = adapter;
        return request;
    }

    string Turns(SlackDesk desk, int turns) =>
        string.Concat(Enumerable.Range(0, turns).Select(_ => Turn(desk)));

    /// <summary>Runs a step. Whose it was.</summary>
    int Turn(SlackDesk desk)
    {
        var plan = desk.Plan();
        RequestId[] served = [.. desk.Decodes(), .. plan.Chunks.ToArray().Select(c => c.Request)];
        var adapter = _adapters[served[0]];
        served.ShouldAllBe(request => _adapters[request] == adapter);
        desk.Commit(StepNs(plan.Shape.Tokens));
        return adapter;
    }
}
