using System.Linq;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Simulation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Simulation;

/// <summary>Two levels and batch work on one engine: what each kept, used and costs.</summary>
public sealed class LevelCostsTests
{
    static readonly LevelPromise Gold = LevelPromise.Parse("gold: ttft p95 300ms, itl p99 40ms");
    static readonly LevelPromise Plain = LevelPromise.Parse("plain: ttft p95 2s");

    static SimulationResult Run(
        LevelPromise plain, double rate, bool hasBatch = true, LevelPromise? gold = null)
    {
        var engine = SimulatedEngine.Of(TestDeployments.Small, SchedulingPolicy.InSlack);
        return FleetSimulation.Run(
            new Fleet { Serving = engine.Pool() },
            new TwoLevels(WorkloadFamily.Find("chat").Open(rate, 600, 1, ArrivalProcess.Poisson)),
            closedLoop: false,
            new SimulationOptions
            {
                Requests = 600,
                WarmupRequests = 60,
                Levels = [gold ?? Gold, plain],
                AttributeTime = true,
                BatchWorkload = hasBatch ? WorkloadFamily.Find("classification") : null,
                BatchGate = new BatchGateOptions { Lines = 32 },
            });
    }

    [Fact]
    public void Levels_batch_work_and_idle_time_sum_to_the_bill()
    {
        var run = Run(Plain, 3);
        var costs = LevelCosts.Of(run, [Gold, Plain], 3.29m)!;
        costs.Levels.Select(l => l.Name).ShouldBe(["gold", "plain", "batch"]);
        (costs.Levels.Sum(l => l.UsdPerHour) + costs.IdleUsdPerHour).ShouldBe(3.29m);
        costs.Levels.ShouldAllBe(l => l.Share > 0.01 && l.TokensPerSecond > 0);
        var batch = costs.Levels[2];
        batch.WithIdleUsdPerMillionTokens.ShouldBe(batch.UsdPerMillionTokens, "nobody waits for it");
        // With the idle time the interactive levels pay all of it.
        var charged =
            costs.Levels.Sum(l => (double)l.WithIdleUsdPerMillionTokens! * l.TokensPerSecond * 3600);
        (charged / 1e6).ShouldBe(3.29, 1e-6);
    }

    [Fact]
    public void Beyond_what_it_carries_an_engine_is_priced_by_the_tokens_of_the_time_that_is_priced()
    {
        var run = Run(Plain, 200, hasBatch: false);
        var costs = LevelCosts.Of(run, [Gold, Plain], 3.29m)!;
        // Nearly all is answered after the last request came; that time is not priced, nor are its tokens.
        var throughput = run.PromptTokensPerSecond + run.OutputTokensPerSecond;
        costs.Levels.Sum(l => l.TokensPerSecond).ShouldBeInRange(0.2 * throughput, 2 * throughput);
    }

    [Fact]
    public void Levels_that_are_carried_have_the_tokens_of_the_run()
    {
        var run = Run(Plain, 3, hasBatch: false);
        var costs = LevelCosts.Of(run, [Gold, Plain], 3.29m)!;
        var throughput = run.PromptTokensPerSecond + run.OutputTokensPerSecond;
        costs.Levels.Sum(l => l.TokensPerSecond).ShouldBeInRange(0.8 * throughput, 1.2 * throughput);
    }

    /// <summary>
    /// Drafting and verification are somebody's: an engine that never rests has no idle time.
    /// </summary>
    [Fact]
    public void Drafts_are_time_that_somebody_used()
    {
        var engine = DraftStudy.With(
            SimulatedEngine.Of(TestDeployments.Small, SchedulingPolicy.InSlack),
            new DraftSpec(4, [0.8, 0.6], 3_000_000, 1_000));
        var run = FleetSimulation.Run(
            new Fleet { Serving = engine.Pool() }, WorkloadFamily.Find("chat").Open(30, 400, 1), false,
            new SimulationOptions
            {
                Requests = 400,
                WarmupRequests = 40,
                AttributeTime = true,
                BatchWorkload = WorkloadFamily.Find("classification"),
            });
        run.Shares!.Accounts.Sum().ShouldBe(1, 0.01);
        LevelCosts.Of(run, [LevelPromise.Of(ServiceLevelSpec.Default, [])], 3.29m)!
            .Levels.Sum(l => l.Share).ShouldBeInRange(0.99, 1);
    }

    [Fact]
    public void A_prefill_pool_beside_batch_work_is_not_idle()
    {
        var engine = SimulatedEngine.Of(TestDeployments.Small, SchedulingPolicy.InSlack);
        var prefillNs = 0L;
        var run = FleetSimulation.Run(
            new Fleet { Prefill = engine.Pool(), Serving = engine.Pool() },
            WorkloadFamily.Find("summarisation").Open(5, 300, 1), false,
            new SimulationOptions
            {
                Requests = 300,
                AttributeTime = true,
                BatchWorkload = WorkloadFamily.Find("classification"),
                StepObserver = (int replica, in StepShape _, int steps, long _, long stepNs) =>
                    prefillNs += replica == 0 ? steps * stepNs : 0,
            });
        // It computes nothing but the requests; the other pool decodes them beside batch work.
        var shares = run.Shares!;
        (shares.Accounts[0] * 2 * shares.SpanS * 1e9).ShouldBeGreaterThan(prefillNs);
    }

    [Fact]
    public void Lines_that_are_too_long_are_counted_and_a_workload_of_them_is_refused()
    {
        var engine = SimulatedEngine.Of(TestDeployments.Small, SchedulingPolicy.InSlack);
        SimulationResult Run(int most) => FleetSimulation.Run(
            new Fleet { Serving = engine.Pool() }, WorkloadFamily.Find("chat").Open(3, 50, 1), false,
            new SimulationOptions
            {
                Requests = 50,
                MaxModelLength = most,
                BatchWorkload = WorkloadFamily.Find("summarisation"),
            });
        Run(2000).Batch!.LinesTooLong.ShouldBePositive();
        Should.Throw<BadInputException>(() => Run(1)).Message
            .ShouldStartWith("no line of summarisation fits");
    }

    [Fact]
    public void Each_level_has_gaps_of_its_own_and_together_they_are_the_runs()
    {
        var run = Run(Plain, 3, hasBatch: false);
        run.Levels.Sum(l => l.Latencies.Itl.Count).ShouldBe(run.Latencies.Itl.Count);
        run.Levels.ShouldAllBe(l => l.OutputTokens > 0 && l.PromptTokens > 0);
        run.Shares!.Accounts[^1].ShouldBe(0);
    }

    [Fact]
    public void Who_cannot_be_kept_is_turned_away_or_becomes_batch_work_and_the_others_are_kept()
    {
        var gold = LevelPromise.Parse("gold: ttft p95 300ms, itl p99 40ms, reject");
        var queued = Run(LevelPromise.Parse("plain: ttft p95 400ms"), 60);
        var rejected = Run(LevelPromise.Parse("plain: ttft p95 400ms, reject"), 60, gold: gold);
        var relegated = Run(LevelPromise.Parse("plain: ttft p95 400ms, relegate"), 60, gold: gold);
        (queued.Rejected, queued.Levels[1].Relegated).ShouldBe((0, 0));
        rejected.Levels[1].Rejected.ShouldBePositive();
        rejected.Failed.ShouldBe(rejected.Rejected);
        (rejected.Completed + rejected.Failed).ShouldBe(600);
        (relegated.Levels[1].Rejected, relegated.Levels[1].Relegated > 0).ShouldBe((0, true));
        (relegated.Completed + relegated.Rejected).ShouldBe(600, "they are served when there is time");
        foreach (var run in new[] { rejected, relegated })
            run.Goodput!.Value.ShouldBeGreaterThan(queued.Goodput!.Value + 0.05);
    }

    /// <summary>
    /// Of three times what an engine carries, whoever is taken in has the pace that was promised.
    /// </summary>
    [Theory]
    [InlineData(40)]
    [InlineData(60)]
    public void Who_is_taken_in_keeps_a_pace(int tpotMs)
    {
        var promise = $"plain: ttft p95 500ms, tpot p95 {tpotMs}ms";
        KeptOf(LevelPromise.Parse(promise)).ShouldBeLessThan(0.5);
        KeptOf(LevelPromise.Parse(promise + ", reject")).ShouldBeGreaterThan(0.95);

        double KeptOf(LevelPromise level)
        {
            var (served, kept) = (0, 0);
            SimulatedEngine.Of(TestDeployments.Small, SchedulingPolicy.InSlack).Run(
                WorkloadFamily.Find("chat"), 60,
                new SimulationOptions
                {
                    Requests = 2000,
                    Levels = [level],
                    Observer = (in CompletedRequest request) =>
                    {
                        if (!request.Served)
                            return;
                        served++;
                        kept += request.LastTokenNs - request.FirstTokenNs
                            <= tpotMs * 1_000_000L * (request.OutputTokens - 1) ? 1 : 0;
                    },
                },
                ArrivalProcess.Poisson);
            return (double)kept / served;
        }
    }

    [Fact]
    public void Adaptive_drafts_are_no_worse_than_any_fixed_number()
    {
        var engine = DraftStudy.With(
            SimulatedEngine.Of(
                TestDeployments.Small with { Engine = new EngineSettings { MaxNumSeqs = 8 } },
                SchedulingPolicy.InSlack),
            new DraftSpec(4, [0.8, 0.6], 100_000, 1_000));
        SimulationResult Simulate(SimulatedEngine each) => each.Run(
            WorkloadFamily.Find("chat"), 1, new SimulationOptions { Requests = 60 }, ArrivalProcess.AtOnce);
        var study = DraftStudy.Of(engine, Simulate(engine), Simulate);
        study.Select(p => p.Drafts).ShouldBe([0, 1, 2, 3, 4, null]);
        study[^1].OutputTokensPerSecond
            .ShouldBeGreaterThan(0.97 * study.Max(p => p.OutputTokensPerSecond));
        study[0].OutputTokensPerSecond.ShouldBeLessThan(study[2].OutputTokensPerSecond);
    }

    /// <summary>Every other request is of the second level.</summary>
    sealed class TwoLevels(IArrivalSource inner) : IArrivalSource
    {
        int _count;

        public int PrefixBlockTokens => inner.PrefixBlockTokens;

        public bool TryPeek(out long atNs) => inner.TryPeek(out atNs);

        public void Take(out Arrival arrival)
        {
            inner.Take(out arrival);
            arrival = arrival with { Level = _count++ % 2 };
        }

        public void Finished(int session, long nowNs) => inner.Finished(session, nowNs);
    }
}
