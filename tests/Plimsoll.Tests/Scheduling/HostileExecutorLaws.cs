using System;
using CsCheck;
using Plimsoll.Core.Scheduling;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Scheduling;

/// <summary>
/// An executor that keeps no promise a simulator would keep: it ends answers when it likes, cuts steps
/// short, cancels at any moment, adds while a step runs, repeats plans as often as it is allowed and lets
/// time jump. The scheduler must stay within its limits and give everything back.
/// </summary>
public sealed class HostileExecutorLaws
{
    static readonly Gen<(SchedulerOptions Options, ulong Seed)> Any =
        from seqs in Gen.Int[1, 10]
        from budget in Gen.Int[1, 80]
        from blockSize in Gen.OneOf(Gen.Const(1), Gen.Const(4), Gen.Const(16))
        from blocks in Gen.Int[20, 200]
        from threshold in Gen.OneOf(Gen.Const(0), Gen.Const(7))
        from chunked in Gen.Bool
        from prefixBlocks in Gen.OneOf(Gen.Const(0), Gen.Const(1), Gen.Const(2))
        from policy in Gen.OneOf(
            Gen.Const(SchedulingPolicy.VllmV1), Gen.Const(SchedulingPolicy.VllmV1Priority),
            Gen.Const(SchedulingPolicy.Fcfs))
        from seed in Gen.ULong
        select (new SchedulerOptions
        {
            MaxNumSeqs = seqs,
            MaxNumBatchedTokens = policy.RunsEveryDecode ? Math.Max(seqs, budget) : budget,
            BlockSize = blockSize,
            NumBlocks = blocks,
            LongPrefillTokenThreshold = threshold,
            EnableChunkedPrefill = chunked,
            PrefixBlockTokens = prefixBlocks * blockSize,
            ReservesFullPrompts = seed % 2 == 0,
            FindsPreempted = seed % 3 > 0,
            Policy = policy,
        }, seed);

    [Fact]
    public void It_stays_within_its_limits_and_gives_everything_back() =>
        Any.Sample(x => new HostileRun(x.Options, x.Seed).ToTheEnd(), iter: 1000);

    [Fact]
    public void The_same_events_give_the_same_plans() =>
        Any.Sample(
            x => new HostileRun(x.Options, x.Seed).ToTheEnd()
            .ShouldBe(new HostileRun(x.Options, x.Seed).ToTheEnd()),
            iter: 100);
}
