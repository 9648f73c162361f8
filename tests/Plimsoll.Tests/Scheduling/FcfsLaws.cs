using System;
using System.Collections.Generic;
using System.Linq;
using CsCheck;
using Plimsoll.Core.Scheduling;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Scheduling;

/// <summary>
/// First come first served, as a loop over slots writes it down: every answer a token, prompts in order of
/// their coming, a newcomer when a slot and memory for its longest answer are free. Nobody is passed, nobody
/// is put out.
/// </summary>
public sealed class FcfsLaws
{
    readonly record struct Job(int Step, int Prompt, int Most, int Output);

    sealed class Slot
    {
        public int Id;
        public int Known;
        public int Computed;
        public int Blocks;
        public int Planned;
        public bool Answers;
    }

    static readonly Gen<Job> AnyJob =
        from step in Gen.Int[0, 60]
        from prompt in Gen.Int[1, 90]
        from most in Gen.Int[1, 40]
        from output in Gen.Int[1, 40]
        select new Job(step, prompt, most, Math.Min(most, output));

    static readonly Gen<SchedulerOptions> AnyOptions =
        from seqs in Gen.Int[1, 12]
        from more in Gen.Int[0, 60]
        from blockSize in Gen.OneOf(Gen.Const(1), Gen.Const(3), Gen.Const(4), Gen.Const(16))
        from spare in Gen.Int[0, 60]
        from threshold in Gen.OneOf(Gen.Const(0), Gen.Const(5), Gen.Const(17))
        select new SchedulerOptions
        {
            Policy = SchedulingPolicy.Fcfs,
            MaxNumSeqs = seqs,
            MaxNumBatchedTokens = seqs + more,
            BlockSize = blockSize,
            NumBlocks = ((130 + blockSize - 1) / blockSize) + spare,
            LongPrefillTokenThreshold = threshold,
        };

    [Fact]
    public void It_plans_what_a_loop_over_slots_plans() =>
        Gen.Select(AnyOptions, AnyJob.Array[1, 25]).Sample(Compare, iter: 2000);

    static void Compare(SchedulerOptions options, Job[] jobs)
    {
        jobs = [.. jobs.OrderBy(job => job.Step)];
        var scheduler = new Scheduler(options);
        var names = new Dictionary<RequestId, int>();
        var (waiting, slots, emitted) = (new Queue<int>(), new List<Slot>(), new int[jobs.Length]);
        var arrived = 0;
        for (var step = 0; step < 20_000; step++)
        {
            for (; arrived < jobs.Length && jobs[arrived].Step <= step; arrived++)
            {
                var job = jobs[arrived];
                var spec = new RequestSpec { PromptTokens = job.Prompt, MaxOutputTokens = job.Most };
                names[scheduler.Add(spec, step).Request] = arrived;
                waiting.Enqueue(arrived);
            }
            PlanSlots(options, jobs, waiting, slots);
            var plan = scheduler.Plan(step);

            plan.Preempted.Length.ShouldBe(0);
            plan.SkippedDecodes.Length.ShouldBe(0);
            plan.Shape.Decodes.ShouldBe(slots.Count(slot => slot.Answers));
            plan.Chunks.ToArray().Select(chunk => (names[chunk.Request], chunk.Start, chunk.Tokens)).ShouldBe(
                slots.Where(slot => slot is { Answers: false, Planned: > 0 })
                    .Select(slot => (slot.Id, slot.Computed, slot.Planned)));
            scheduler.Waiting.ShouldBe(waiting.Count);
            if (plan.IsEmpty)
            {
                if (arrived == jobs.Length && scheduler.Requests == 0)
                    return;
                continue;
            }
            var done = CommitSlots(jobs, slots, emitted);
            scheduler.Commit(new StepOutcome([.. names.Where(name => done.Contains(name.Value))
                .Select(name => new RequestOutcome { Request = name.Key, Finished = true })]), step);
            foreach (var name in names.Where(name => done.Contains(name.Value)).ToList())
                names.Remove(name.Key);
        }
        throw new InvalidOperationException("The load does not drain.");
    }

    static void PlanSlots(SchedulerOptions options, Job[] jobs, Queue<int> waiting, List<Slot> slots)
    {
        var budget = options.MaxNumBatchedTokens - slots.Count(slot => slot.Answers);
        foreach (var slot in slots)
        {
            slot.Planned = slot.Answers ? 1 : Math.Min(budget, Limited(options, slot.Known - slot.Computed));
            budget -= slot.Answers ? 0 : slot.Planned;
        }
        while (waiting.Count > 0 && budget > 0 && slots.Count < options.MaxNumSeqs)
        {
            var job = jobs[waiting.Peek()];
            var blocks = (job.Prompt + job.Most + options.BlockSize - 1) / options.BlockSize;
            if (slots.Sum(slot => slot.Blocks) + blocks > options.NumBlocks)
                return;
            var planned = Math.Min(budget, Limited(options, job.Prompt));
            slots.Add(new Slot
            {
                Id = waiting.Dequeue(), Known = job.Prompt, Blocks = blocks, Planned = planned,
            });
            budget -= planned;
        }
    }

    static HashSet<int> CommitSlots(Job[] jobs, List<Slot> slots, int[] emitted)
    {
        var done = new HashSet<int>();
        foreach (var slot in slots)
        {
            slot.Computed += slot.Planned;
            if (slot.Planned == 0 || slot.Computed < slot.Known)
                continue;
            slot.Answers = true;
            slot.Known++;
            if (++emitted[slot.Id] == jobs[slot.Id].Output)
                done.Add(slot.Id);
        }
        slots.RemoveAll(slot => done.Contains(slot.Id));
        return done;
    }

    static int Limited(SchedulerOptions options, int tokens) => options.LongPrefillTokenThreshold > 0
        ? Math.Min(tokens, options.LongPrefillTokenThreshold)
        : tokens;
}
