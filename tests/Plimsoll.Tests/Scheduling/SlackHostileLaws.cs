using CsCheck;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Scheduling;

/// <summary>
/// The slack policy under an executor that is late, lies, aborts and cancels: it stays within its limits,
/// always lets somebody go on, loses neither a token nor a block, and decides the same again.
/// </summary>
public sealed class SlackHostileLaws
{
    static readonly LinearStepTimes Times = new([(0, 10_000), (64, 15_000), (512, 60_000)], 2, 0.5);

    static readonly Gen<(SchedulerOptions Options, bool Learns, ulong Seed)> Any =
        from seqs in Gen.Int[1, 12]
        from spare in Gen.Int[0, 90]
        from blockSize in Gen.OneOf(Gen.Const(1), Gen.Const(4), Gen.Const(16))
        from blocks in Gen.Int[20, 200]
        from prefixBlocks in Gen.OneOf(Gen.Const(0), Gen.Const(1), Gen.Const(2))
        from mixes in Gen.Bool
        from swap in Gen.OneOf<double?>(
            Gen.Const((double?)null), Gen.Const((double?)1.0), Gen.Const((double?)100))
        from drafts in Gen.Bool
        from share in Gen.OneOf(Gen.Const(0.0), Gen.Const(0.2))
        from overload in Gen.Enum<Overload>()
        from learns in Gen.Bool
        from seed in Gen.ULong
        select (new SchedulerOptions
        {
            MaxNumSeqs = seqs,
            MaxNumBatchedTokens = seqs + spare,
            BlockSize = blockSize,
            NumBlocks = blocks,
            PrefixBlockTokens = prefixBlocks * blockSize,
            Levels =
            [
                new() { Name = "fast", TtftNs = 300_000, ItlNs = 60_000, Overload = overload },
                new() { Name = "paced", TtftNs = 900_000, ItlNs = 90_000, Pacing = Pacing.Paced },
                new() { Name = "batch", Class = ServiceClass.Batch, MinShare = share },
                new() { Name = "bulk", Class = ServiceClass.Batch, Weight = 3 },
            ],
            Policy = SchedulingPolicy.InSlack with
            {
                Slack = new SlackOptions
                {
                    MixesAdapters = mixes,
                    SwapNsPerToken = swap,
                    CanAbort = true,
                    MinBatchChunk = 8,
                    Drafts = drafts ? new DraftSpec(4, [0.8, 0.6], 500, 10) : null,
                },
            },
        }, learns, seed);

    [Fact]
    public void It_stays_within_its_limits_and_gives_everything_back() =>
        Any.Sample(x => Run(x.Options, x.Learns, x.Seed), iter: 1000);

    [Fact]
    public void The_same_events_give_the_same_plans() =>
        Any.Sample(
            x => Run(x.Options, x.Learns, x.Seed).ShouldBe(Run(x.Options, x.Learns, x.Seed)), iter: 100);

    /// <summary>
    /// Memory is full, a step carries one adapter: all decodes of the one that goes first give way to another
    /// adapter's, older one, which goes on.
    /// </summary>
    [Fact]
    public void Decodes_that_gave_way_to_each_other_let_the_next_adapter_go_on() =>
        Any.Sample(x => Run(x.Options, x.Learns, x.Seed), seed: "0fi1AaUGgasa", iter: 1);

    static ulong Run(SchedulerOptions options, bool learns, ulong seed) =>
        new HostileRun(options, seed, new StepPredictor(Times, learns)).ToTheEnd();
}
