using System;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Scheduling;

/// <summary>
/// In steady state a plan and its commit allocate nothing: requests come and go, prompts are chunked,
/// prefixes are found and evicted, and somebody is preempted now and then.
/// </summary>
public sealed class AllocationLaws
{
    [Theory]
    [InlineData("vllm-v1")]
    [InlineData("vllm-v1-priority")]
    [InlineData("fcfs")]
    [InlineData("slack")]
    public void A_step_allocates_nothing(string policy)
    {
        SchedulingPolicy.All.TryFind(policy, out var chosen).ShouldBeTrue();
        var times = new LinearStepTimes([(0, 1_000_000), (256, 3_000_000)], 1, 0.1);
        var options = new SchedulerOptions
        {
            Policy = chosen,
            Levels =
            [
                new() { Name = "chat", TtftNs = 500_000_000, ItlNs = 50_000_000 }, ServiceLevelSpec.Batch,
            ],
            MaxNumSeqs = 32,
            MaxNumBatchedTokens = 256,
            NumBlocks = 110,
            PrefixBlockTokens = 16,
            TracksPrefixes = true,
            ReservesFullPrompts = true,
            FindsPreempted = true,
        };
        var scheduler = new Scheduler(options, new StepPredictor(times, learns: true));
        var load = new SteadyLoad(scheduler);
        load.Run(20_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        load.Run(20_000);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
        if (!chosen.ReservesAnswers)
            scheduler.Preemptions.ShouldBePositive("memory is short enough for the rare paths");
        scheduler.PrefixHitTokens.ShouldBePositive();
    }

    /// <summary>Forty requests at a time, of eight prompts in turn; each ends after its own length.</summary>
    sealed class SteadyLoad
    {
        readonly Scheduler _scheduler;
        readonly ReadOnlyMemory<ulong>[] _keys = new ReadOnlyMemory<ulong>[8];
        readonly RequestOutcome[] _outcomes = new RequestOutcome[64];
        readonly RequestId[] _decodes = new RequestId[64];
        readonly int[] _tokens = new int[1024];
        long _added;
        long _nowNs;

        public SteadyLoad(Scheduler scheduler)
        {
            _scheduler = scheduler;
            for (var i = 0; i < _keys.Length; i++)
            {
                var keys = new ulong[5 + i];
                for (var j = 0; j < keys.Length; j++)
                    keys[j] = (ulong)(1000 * (j < 2 ? i / 2 : i)) + (ulong)j + 1;
                _keys[i] = keys;
            }
        }

        public void Run(int steps)
        {
            for (var step = 0; step < steps; step++)
            {
                while (_scheduler.Requests < 40)
                    Add();
                var plan = _scheduler.Plan(_nowNs);
                var ends = 0;
                var decodes = _scheduler.ListDecodes(_decodes);
                foreach (var request in _decodes.AsSpan(0, decodes))
                {
                    if (++_tokens[request.Slot] % (40 + (request.Slot & 31)) == 0)
                        _outcomes[ends++] = new RequestOutcome { Request = request, Finished = true };
                }
                _scheduler.Commit(new StepOutcome(_outcomes.AsSpan(0, ends)) { DurationNs = 1000 }, ++_nowNs);
            }
        }

        void Add()
        {
            var family = (int)(_added++ & 7);
            _scheduler.Add(
                new RequestSpec
                {
                    PromptTokens = 16 * (5 + family) + 7,
                    MaxOutputTokens = 500,
                    Priority = family & 3,
                    Level = family & 1,
                    Adapter = family >> 1 & 1,
                    PrefixKeys = _keys[family],
                }, _nowNs);
        }
    }
}
