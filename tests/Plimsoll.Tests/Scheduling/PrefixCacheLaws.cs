using System;
using System.Collections.Generic;
using CsCheck;
using Plimsoll.Core.Scheduling;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Scheduling;

/// <summary>
/// The prefix cache finds and forgets what vLLM's does: one queue of free blocks, the least recently used
/// first, a chain freed deepest block first, a cached block forgotten when its memory is taken.
/// </summary>
public sealed class PrefixCacheLaws
{
    readonly record struct Job(int Conversation, int Prompt, int Output);

    static readonly Gen<Job> AnyJob =
        from conversation in Gen.Int[1, 6]
        from prompt in Gen.Int[1, 60]
        from output in Gen.Int[1, 20]
        select new Job(conversation, prompt, output);

    [Fact]
    public void It_hits_what_a_plain_queue_of_blocks_would_hit() =>
        Gen.Select(AnyJob.Array[1, 60], Gen.OneOf(Gen.Const(1), Gen.Const(4), Gen.Const(8)), Gen.Int[0, 40],
            Gen.Int[4, 80])
            .Sample((jobs, blockSize, spare, budget) =>
            {
                var options = new SchedulerOptions
                {
                    MaxNumSeqs = 4,
                    MaxNumBatchedTokens = budget,
                    BlockSize = blockSize,
                    PrefixBlockTokens = blockSize,
                    NumBlocks = 80 / blockSize + spare,
                };
                var scheduler = new Scheduler(options);
                var plain = new PlainCache(options.NumBlocks, blockSize);
                foreach (var job in jobs)
                {
                    var before = scheduler.PrefixHitTokens;
                    var keys = Keys(job, blockSize);
                    Serve(scheduler, job, keys);
                    (scheduler.PrefixHitTokens - before)
                        .ShouldBe(plain.Serve(job.Prompt, job.Output, keys) * blockSize);
                    scheduler.UsedBlocks.ShouldBe(0);
                }
            }, iter: 2000);

    /// <summary>
    /// An executor with the KV itself learns which sequence has a prefix, and when it is gone.
    /// </summary>
    [Fact]
    public void Its_changes_name_every_prefix_that_is_found() =>
        Gen.Select(AnyJob.Array[1, 60], Gen.Int[0, 20]).Sample((jobs, spare) =>
        {
            var scheduler = new Scheduler(new SchedulerOptions
            {
                MaxNumSeqs = 4, MaxNumBatchedTokens = 64, BlockSize = 4, PrefixBlockTokens = 4,
                NumBlocks = 20 + spare, TracksPrefixes = true,
            });
            var holders = new Dictionary<int, (ulong Key, RequestId Holder)>();
            foreach (var job in jobs)
            {
                var keys = Keys(job, 4);
                Serve(scheduler, job, keys, plan =>
                {
                    foreach (var change in scheduler.PrefixChanges)
                    {
                        if (change.IsEviction)
                            holders.Remove(change.Node, out var gone).ShouldBe(gone.Key == change.Key);
                        else
                            holders.Add(change.Node, (change.Key, change.Holder));
                    }
                    foreach (var chunk in plan.Chunks)
                    {
                        if (chunk.CachedTokens > 0 && chunk.Start == chunk.CachedTokens)
                            holders[chunk.PrefixNode].Key.ShouldBe(keys[chunk.CachedTokens / 4 - 1]);
                    }
                });
            }
        }, iter: 500);

    [Fact]
    public void A_block_is_found_only_behind_the_blocks_it_was_computed_behind()
    {
        var scheduler = new Scheduler(new SchedulerOptions
        {
            MaxNumSeqs = 1, MaxNumBatchedTokens = 64, BlockSize = 4, PrefixBlockTokens = 4, NumBlocks = 20,
        });
        Serve(scheduler, new Job(1, 10, 1), [11, 12]);
        Serve(scheduler, new Job(2, 10, 1), [21, 12]);
        scheduler.PrefixHitTokens.ShouldBe(0);
        Serve(scheduler, new Job(1, 10, 1), [11, 12]);
        scheduler.PrefixHitTokens.ShouldBe(8);
    }

    [Fact]
    public void Two_requests_at_once_share_what_the_first_has_computed_and_hold_it_for_each_other()
    {
        var scheduler = new Scheduler(new SchedulerOptions
        {
            MaxNumSeqs = 2, MaxNumBatchedTokens = 16, BlockSize = 4, PrefixBlockTokens = 4, NumBlocks = 20,
        });
        var spec =
            new RequestSpec { PromptTokens = 10, MaxOutputTokens = 9, PrefixKeys = new ulong[] { 1, 2 } };
        var first = scheduler.Add(spec, 0).Request;
        scheduler.Plan(0);
        scheduler.Commit(new StepOutcome([]), 0);

        // Ten tokens are three blocks, of which two are shared; each has a third block of its own.
        var second = scheduler.Add(spec, 0).Request;
        var plan = scheduler.Plan(0);
        plan.Chunks[0].Start.ShouldBe(8);
        plan.Chunks[0].Tokens.ShouldBe(2);
        plan.Shape.Decodes.ShouldBe(1);
        scheduler.PrefixHitTokens.ShouldBe(8);
        scheduler.UsedBlocks.ShouldBe(4);

        // The one that computed the blocks leaves; the other still needs them.
        scheduler.Commit(new StepOutcome([new RequestOutcome { Request = first, Finished = true }]), 0);
        scheduler.UsedBlocks.ShouldBe(3);
        scheduler.Plan(0);
        scheduler.Commit(new StepOutcome([new RequestOutcome { Request = second, Finished = true }]), 0);
        scheduler.UsedBlocks.ShouldBe(0);
    }

    /// <summary>Conversations share their first two blocks in pairs, so chains branch.</summary>
    static ulong[] Keys(Job job, int blockSize)
    {
        var keys = new ulong[job.Prompt / blockSize];
        for (var i = 0; i < keys.Length; i++)
            keys[i] = (ulong)((i < 2 ? 1 + job.Conversation / 2 : 100 + job.Conversation) * 1000 + i);
        return keys;
    }

    static void Serve(Scheduler scheduler, Job job, ulong[] keys, Action<StepPlan>? look = null)
    {
        var request = scheduler.Add(
            new RequestSpec { PromptTokens = job.Prompt, MaxOutputTokens = job.Output, PrefixKeys = keys },
            0).Request;
        for (var tokens = 0; tokens < job.Output;)
        {
            var plan = scheduler.Plan(0);
            look?.Invoke(plan);
            var emits = plan.Shape.Decodes == 1 || plan.Chunks[0].EndsPrompt;
            tokens += emits ? 1 : 0;
            scheduler.Commit(
                tokens == job.Output ? new StepOutcome(
                    [new RequestOutcome { Request = request, Finished = true }]) : new StepOutcome([]),
                0);
        }
    }

    /// <summary>Block by block: 0 is a block without a name.</summary>
    sealed class PlainCache
    {
        readonly List<ulong> _free = [];
        readonly int _blockSize;

        public PlainCache(int blocks, int blockSize)
        {
            _blockSize = blockSize;
            for (var i = 0; i < blocks; i++)
                _free.Add(0);
        }

        /// <summary>Blocks found for a request that is served alone.</summary>
        public int Serve(int prompt, int output, ulong[] keys)
        {
            var hits = 0;
            while (hits < Math.Min(keys.Length, (prompt - 1) / _blockSize) && _free.Contains(keys[hits]))
                hits++;
            for (var i = 0; i < hits; i++)
                _free.Remove(keys[i]);
            Take(Blocks(prompt) - hits);
            for (var i = hits; i < keys.Length; i++)
            {
                // Computed again although it was there: the copy is given back, the cached block is used.
                if (_free.Remove(keys[i]))
                    _free.Add(0);
            }
            Take(Blocks(prompt + output - 1) - Blocks(prompt));
            for (var i = keys.Length; i < Blocks(prompt + output - 1); i++)
                _free.Add(0);
            for (var i = keys.Length - 1; i >= 0; i--)
                _free.Add(keys[i]);
            return hits;
        }

        int Blocks(int tokens) => (tokens + _blockSize - 1) / _blockSize;

        void Take(int blocks) => _free.RemoveRange(0, blocks);
    }
}
