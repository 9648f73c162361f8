using System;
using System.Collections.Generic;
using System.Linq;
using CsCheck;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Scheduling;

/// <summary>The scheduler decides exactly what the plain loop decides, under any load that fits.</summary>
public sealed class VllmV1Laws
{
    readonly record struct Job(int Step, int Prompt, int Output, int Priority);

    static readonly Gen<Job> AnyJob =
        from step in Gen.Int[0, 60]
        from prompt in Gen.Int[1, 90]
        from output in Gen.Int[1, 40]
        from priority in Gen.Int[0, 3]
        select new Job(step, prompt, output, priority);

    static readonly Gen<SchedulerOptions> AnyOptions =
        from seqs in Gen.Int[1, 12]
        from budget in Gen.Int[1, 64]
        from blockSize in Gen.OneOf(Gen.Const(1), Gen.Const(3), Gen.Const(4), Gen.Const(16))
        from spare in Gen.Int[0, 60]
        from threshold in Gen.OneOf(Gen.Const(0), Gen.Const(0), Gen.Const(5), Gen.Const(17))
        from priority in Gen.Bool
        from reserves in Gen.Bool
        from finds in Gen.Bool
        select new SchedulerOptions
        {
            MaxNumSeqs = seqs,
            MaxNumBatchedTokens = budget,
            BlockSize = blockSize,
            NumBlocks = (130 + blockSize - 1) / blockSize + spare,
            LongPrefillTokenThreshold = threshold,
            ReservesFullPrompts = reserves,
            FindsPreempted = finds,
            Policy = priority ? SchedulingPolicy.VllmV1Priority : SchedulingPolicy.VllmV1,
        };

    [Fact]
    public void It_plans_what_the_plain_loop_plans() =>
        Gen.Select(AnyOptions, AnyJob.Array[1, 25], Gen.Bool)
            .Sample((options, jobs, inOrder) => Compare(options, jobs, inOrder), iter: 1000);

    /// <summary>The seven sums of a step, added up token by token.</summary>
    static StepShape ShapeOf(List<NaiveScheduler.Request> running)
    {
        var decodes = running.Where(r => r.Planned > 0 && r.IsDecode).ToList();
        var chunks = running.Where(r => r.Planned > 0 && !r.IsDecode).ToList();
        return new StepShape
        {
            Decodes = decodes.Count,
            DecodeContextTokens = decodes.Sum(r => r.Computed + 1L),
            PrefillChunks = chunks.Count,
            PrefillTokens = chunks.Sum(r => r.Planned),
            PrefillPairs = chunks.Sum(r => Enumerable.Range(r.Computed + 1, r.Planned).Sum(kv => (long)kv)),
            PrefillContextTokens = chunks.Sum(r => (long)r.Computed + r.Planned),
            LogitRows = decodes.Count + chunks.Count(r => r.Computed + r.Planned == r.Known),
        };
    }

    static void ShouldAgree(StepPlan plan, NaiveScheduler naive, Dictionary<RequestId, int> ids)
    {
        plan.Shape.ShouldBe(ShapeOf(naive.Running));
        plan.Chunks.ToArray().Select(c => (ids[c.Request], c.Start, c.Tokens)).ShouldBe(
            naive.Running.Where(r => r.Planned > 0 && !r.IsDecode)
                .Select(r => (r.Id, r.Computed, r.Planned)), ignoreOrder: true);
    }

    static void Compare(SchedulerOptions options, Job[] jobs, bool alwaysInOrder)
    {
        jobs = [.. jobs.OrderBy(j => j.Step)];
        var naive = new NaiveScheduler(options);
        var scheduler = new Scheduler(options with { AlwaysInOrder = alwaysInOrder });
        var handles = new Dictionary<int, RequestId>();
        var ids = new Dictionary<RequestId, int>();
        var emitted = new int[jobs.Length];
        var arrived = 0;
        for (var step = 0; step < 20_000; step++)
        {
            Arrive(step, whileInFlight: false);
            var preempted = naive.Plan();
            var plan = scheduler.Plan(step);
            plan.Preempted.ToArray().Select(h => ids[h]).ShouldBe(preempted);
            ShouldAgree(plan, naive, ids);
            scheduler.UsedBlocks.ShouldBe(naive.Used);
            scheduler.Waiting.ShouldBe(naive.Waiting.Count);
            Arrive(step, whileInFlight: true);
            if (plan.IsEmpty)
            {
                if (arrived == jobs.Length && scheduler.Requests == 0)
                    return;
                continue;
            }

            var done = new List<RequestOutcome>();
            naive.Commit(request =>
            {
                if (++emitted[request.Id] < jobs[request.Id].Output)
                    return false;
                done.Add(new RequestOutcome { Request = handles[request.Id], Finished = true });
                return true;
            });
            scheduler.Commit(new StepOutcome(done.ToArray()), step);
            foreach (var outcome in done)
                ids.Remove(outcome.Request);
        }
        throw new InvalidOperationException("The load does not drain.");

        // Some come between two steps, others while one is in flight.
        void Arrive(int step, bool whileInFlight)
        {
            for (; arrived < jobs.Length && jobs[arrived].Step <= step; arrived++)
            {
                var job = jobs[arrived];
                if (!whileInFlight && int.IsOddInteger(job.Prompt))
                    return;
                naive.Add(arrived, job.Prompt, job.Priority);
                handles[arrived] = scheduler.Add(
                    new RequestSpec
                    {
                        PromptTokens = job.Prompt,
                        MaxOutputTokens = job.Output,
                        Priority = job.Priority,
                    }, step).Request;
                ids[handles[arrived]] = arrived;
            }
        }
    }
}
