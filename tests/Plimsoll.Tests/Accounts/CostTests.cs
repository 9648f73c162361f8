using System.IO;
using System.Linq;
using System.Text;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Accounts;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;
using Plimsoll.Tests.Simulation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Accounts;

public sealed class CostTests
{
    static readonly WorkloadFamily Shared = new(
        WorkloadFamily.Find(
            "chat").Spec with { Prefix = new PrefixSpec(64, Share: 0.7, Window: 50, SharedFraction: 0.9) });

    static readonly PriceSpec Price = new()
    {
        Accelerator = "round",
        ProviderType = "owned",
        Provider = "test",
        Term = "on-demand",
        UsdPerHour = 1,
        AsOf = null,
        Confidence = "given",
        Source = "test",
    };

    [Fact]
    public void Prices_are_positive_and_sum_to_the_bill_where_the_preempted_find_their_prefix_again()
    {
        var engine = SimulatedEngine.Of(TestDeployments.Small, SchedulingPolicy.VllmV1);
        engine = engine with { Limits = engine.Limits with { NumBlocks = 1600, MaxNumSeqs = 64 } };
        var run = engine.Run(
            Shared, 1, new SimulationOptions { Requests = 2000, AttributeTime = true },
                ArrivalProcess.AtOnce);
        run.Preemptions.ShouldBeGreaterThan(100);
        run.CachedPromptTokens.ShouldBeInRange(1, run.PromptTokens);

        var bill = PicoDollars.FromUsd(1m);
        var cost = new CostBasis(1, 1000).Split(bill, run);
        foreach (var price in new[]
        {
            cost.UsdPerMillionInputTokens, cost.UsdPerMillionCachedInputTokens
                ?? 0, cost.UsdPerMillionOutputTokens,
        })
        {
            price.ShouldBeGreaterThan(0);
        }
        var all = run.PromptTokens + run.OutputTokens;
        var sum = cost.UsdPerMillionInputTokens * (run.PromptTokens - run.CachedPromptTokens)
            + cost.UsdPerMillionCachedInputTokens!.Value * run.CachedPromptTokens
            + cost.UsdPerMillionOutputTokens * run.OutputTokens;
        ((double)(sum / all)).ShouldBe(1, 1e-9);
    }

    [Fact]
    public void Each_kind_of_token_pays_for_the_time_it_caused()
    {
        var run = SimulatedEngine.Of(TestDeployments.Small, SchedulingPolicy.VllmV1)
            .Run(Shared, 1, new SimulationOptions { Requests = 1 }) with
        {
            Completed = 2, PromptTokens = 900, CachedPromptTokens = 500, OutputTokens = 100,
            TimeByCause = new TimeByCause(InputNs: 50, CachedInputNs: 10, OutputNs: 40),
        };

        // A thousand tokens at $1 a million: half of it for 400 new ones, a tenth for 500 found ones.
        var cost = new CostBasis(1, 1000).Split(PicoDollars.FromUsd(1m), run);
        cost.UsdPerMillionTokens.ShouldBe(1m);
        cost.UsdPerMillionInputTokens.ShouldBe(1.25m);
        cost.UsdPerMillionCachedInputTokens.ShouldBe(0.2m);
        cost.UsdPerMillionOutputTokens.ShouldBe(4m);
        cost.UsdPerRequest.ShouldBe(0.0005m);

        var work = new CostBasis(1, 1000).WithoutIdle(
            PicoDollars.FromUsd(3m), PicoDollars.FromUsd(1m), run);
        work.UsdPerMillionInputTokens.ShouldBe(1.25m);
        work.UsdPerMillionCachedInputTokens.ShouldBe(0.2m);
        work.UsdPerMillionOutputTokens.ShouldBe(4m);
        work.IdleUsdPerMillionTokens.ShouldBe(2m);
    }

    [Fact]
    public void A_lever_that_cannot_be_simulated_leaves_the_account_as_it_is()
    {
        // Several candidates are simulated at a time, and none can: 24 does not divide the prefix blocks.
        var serving = TestServings.Of(
            TestDeployments.Small with { Engine = new EngineSettings { BlockSize = 24 } }, Shared, 2000,
                new Limit(Metric.Ttft, 95, 500_000_000));
        var request = new AccountRequest
        {
            Serving = serving with { Deployment = serving.Deployment.Open() },
            BatchWindowNs = 1,
            Price = Price,
        };
        Alternative.Of(request, 1000, new RunProgress(null, 1)).ShouldBeNull();
    }

    [Fact]
    public void Sessions_of_a_trace_take_turns_at_its_ceiling()
    {
        var text = new StringBuilder();
        for (var session = 0; session < 40; session++)
        {
            for (var turn = 0; turn < 6; turn++)
            {
                var blocks = string.Join(',', Enumerable.Range(session * 1000, 2 * (turn + 1)));
                text.Append($"{{\"session_id\": \"s{session}\", \"timestamp\": {session}, \"delay\": 1000, ")
                    .Append($"\"input_length\": {1024 * (turn + 1)}, \"output_length\": 5, "
                        + $"\"hash_ids\": [{blocks}]}}\n");
            }
        }
        var path = Path.GetTempFileName();
        File.WriteAllText(path, text.ToString());
        try
        {
            var trace = WorkloadChoice.Open(path);
            trace.ClosedLoop.ShouldBeTrue();
            var arrivals = trace.Open(1, 500, seed: 1, ArrivalProcess.AtOnce, openSessions: 2);
            arrivals.Take(out var first);
            arrivals.Take(out var second);
            arrivals.TryPeek(out _).ShouldBeFalse("both sessions wait for their answers");
            arrivals.Finished(first.Session, 7);
            arrivals.Take(out var next);
            next.Session.ShouldBe(first.Session);
            next.AtNs.ShouldBe(7);
            next.PromptTokens.ShouldBe(2048);

            var engine = SimulatedEngine.Of(
                TestDeployments.Small with { Engine = new EngineSettings { NumGpuBlocks = 4000,
                    MaxNumSeqs = 64 } },
                SchedulingPolicy.VllmV1);
            var serving = TestServings.Of(TestDeployments.Small, trace, 2000);
            var best = SaturatedThroughput.Of(engine, serving);
            best.Run.PrefixHitRate!.Value.ShouldBeGreaterThan(0.5);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
