using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using CsCheck;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Engine;
using Plimsoll.Engine.Timing;
using Plimsoll.Tests.Engine.LlamaCpp;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Engine;

/// <summary>First tokens of a log, their time split from the roofline on.</summary>
public sealed class FirstTokenGapTests
{
    static readonly MeasuredStepsSpec _steps = new([1, 2, 4, 8, 16, 32, 64, 128],
        [1e6, 1.1e6, 1.2e6, 1.4e6, 1.8e6, 2.6e6, 4e6, 7e6], 100, 10);

    static readonly RooflineFacts _roofline = new(1e6, 1e6, 1e3, 1e6, 0.1, 10);

    static readonly SchedulerOptions _limits = TestModel.Limits with { PrefixBlockTokens = 0 };

    [Fact]
    public void The_parts_sum_to_the_time_and_none_is_negative() =>
        Gen.Select(Gen.Int, Gen.Int[1, 30], Gen.Double[0.2, 5]).Sample((seed, requests, slower) =>
        {
            var replayed = Replayed(seed, requests, slower, out var ttftNs);
            var gap = replayed.Gap!;
            replayed.Differences.ShouldBe(0);
            gap.Requests.ShouldBe(ttftNs.Count);
            gap.Mean.TotalNs.ShouldBe(ttftNs.Average(), 1 + (1e-9 * gap.Mean.TotalNs));
            foreach (var (name, ns) in gap.Mean.Parts)
                ns.ShouldBeGreaterThanOrEqualTo(0, name);
            gap.Tail.ShouldBeNull("130 first tokens tell a 95th percentile");
        }, iter: 60);

    [Fact]
    public void A_lone_prompt_neither_waits_nor_is_scheduled_around()
    {
        var gap = Replayed(1, requests: 1, slower: 1, out _).Gap!.Mean;
        gap.WaitingNs.ShouldBe(0);
        gap.SchedulingNs.ShouldBe(0, 1);
        gap.RooflineNs.ShouldBeGreaterThan(0);
        gap.BestKernelNs.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void A_log_without_a_machine_has_no_gap()
    {
        var path = Path.Combine(TestModel.Folder, "no-machine.ndjson");
        using (new DecisionLog(path, _limits, StepTimes.From(_steps).Weights()))
        {
        }
        DecisionReplay.Run(path).Gap.ShouldBeNull();
    }

    [Fact]
    public void Many_first_tokens_tell_the_tail()
    {
        var gap = Replayed(3, requests: 200, slower: 1, out var ttftNs).Gap!;
        ttftNs.Sort();
        gap.P95Ns!.Value.ShouldBe(ttftNs[189]);
        gap.Tail!.Value.TotalNs.ShouldBe(ttftNs.Skip(189).Average(), 1);
    }

    /// <summary>A scripted engine writes the log: steps take their predicted time, times a factor.</summary>
    static ReplayOutcome Replayed(int seed, int requests, double slower, out List<double> ttftNs)
    {
        var path = Path.Combine(TestModel.Folder, $"gap-{Guid.NewGuid():N}.ndjson");
        var random = new Random(seed);
        var times = StepTimes.From(_steps);
        var scheduler = new Scheduler(_limits, new StepPredictor(times.Frozen(), learns: true));
        var arrived = new Dictionary<RequestId, long>();
        ttftNs = [];
        using (var log = new DecisionLog(path, _limits, times.Weights(), _roofline))
        {
            var nowNs = 1_000L;
            for (var added = 0; added < requests || scheduler.Requests > 0;)
            {
                while (added < requests && (added == 0 || random.Next(3) == 0))
                {
                    var spec = new RequestSpec { PromptTokens = random.Next(1, 200), MaxOutputTokens = 4 };
                    var verdict = scheduler.Add(spec, nowNs);
                    log.Add(spec, verdict, nowNs);
                    arrived[verdict.Request] = nowNs;
                    added++;
                }
                nowNs = Step(scheduler, log, times, slower, nowNs, arrived, ttftNs);
            }
        }
        try
        {
            return DecisionReplay.Run(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    static long Step(
        Scheduler scheduler, DecisionLog log, StepTimes times, double slower, long nowNs,
        Dictionary<RequestId, long> arrived, List<double> ttftNs)
    {
        var plan = scheduler.Plan(nowNs);
        log.Plan(plan, scheduler.PlanHash, nowNs);
        if (plan.IsEmpty)
            return nowNs + 1_000_000;
        var durationNs = (long)(times.PredictNs(plan.Shape) * slower);
        var outcomes = new List<RequestOutcome>();
        foreach (ref readonly var chunk in plan.Chunks)
        {
            if (!chunk.EndsPrompt)
                continue;
            ttftNs.Add(nowNs + durationNs - arrived[chunk.Request]);
            outcomes.Add(new RequestOutcome { Request = chunk.Request, Finished = true });
        }
        var outcome = new StepOutcome(outcomes.ToArray()) { DurationNs = durationNs };
        scheduler.Commit(outcome, nowNs + durationNs);
        log.Commit(outcome, nowNs + durationNs);
        return nowNs + durationNs;
    }
}
