using Plimsoll.Core.Scheduling;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Scheduling;

public sealed class CachedTokensTests
{
    readonly Scheduler _scheduler = new(new SchedulerOptions
    {
        MaxNumSeqs = 4, MaxNumBatchedTokens = 256, BlockSize = 16, PrefixBlockTokens = 16, NumBlocks = 10,
    });

    [Fact]
    public void Cached_tokens_are_those_of_the_longest_chain_from_the_first_block_on()
    {
        Serve(40, 5, 6);
        _scheduler.CachedTokens([]).ShouldBe(0);
        _scheduler.CachedTokens([5]).ShouldBe(16);
        _scheduler.CachedTokens([5, 7]).ShouldBe(16);
        _scheduler.CachedTokens([5, 6]).ShouldBe(32);
        _scheduler.CachedTokens([5, 6, 7]).ShouldBe(32);
        _scheduler.CachedTokens([6]).ShouldBe(0);
    }

    /// <summary>Memory that was never used is used up, and its entry is there for what comes next.</summary>
    [Fact]
    public void A_chain_is_found_that_is_named_as_memory_was_from_the_start()
    {
        Serve(40, 5, 6);
        Serve(128, 11, 12, 13);
        _scheduler.CachedTokens([11]).ShouldBe(16);
        _scheduler.CachedTokens([11, 12, 13]).ShouldBe(48);
        _scheduler.CachedTokens([5, 6]).ShouldBe(32);
    }

    void Serve(int prompt, params ulong[] keys)
    {
        var request = _scheduler.Add(
            new RequestSpec { PromptTokens = prompt, MaxOutputTokens = 1, PrefixKeys = keys }, 0).Request;
        _scheduler.Plan(0).Chunks[0].Tokens.ShouldBe(prompt);
        _scheduler.Commit(
            new StepOutcome([new RequestOutcome { Request = request, Finished = true }]), 0);
    }
}
