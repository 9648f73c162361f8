using CsCheck;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;

namespace Plimsoll.Tests.Scheduling;

/// <summary>The policy slack as it may be set up, for an executor that keeps no promise.</summary>
static class HostileSlack
{
    static readonly LinearStepTimes Times = new([(0, 10_000), (64, 15_000), (512, 60_000)], 2, 0.5);

    public static readonly Gen<(SchedulerOptions Options, bool Learns, ulong Seed)> Any =
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
        from step in Gen.OneOf<long?>(Gen.Const((long?)null), Gen.Const((long?)25_000))
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
                    BatchStepNs = step,
                    MinBatchChunk = 8,
                    Drafts = drafts ? new DraftSpec(4, [0.8, 0.6], 500, 10) : null,
                },
            },
        }, learns, seed);

    public static HostileRun Run(SchedulerOptions options, bool learns, ulong seed) =>
        new(options, seed, new StepPredictor(Times, learns));
}
