using System;
using System.Collections.Generic;
using System.Linq;
using CsCheck;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Routing;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Simulation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Simulation;

public sealed class FleetSimulationLaws
{
    static readonly StepTimeModel StepTime = new(
        TestDeployments.Small, EfficiencyCurves.Datasheet(TestDeployments.Small.Accelerator, "vllm"),
        EngineCatalogue.Of(TestDeployments.Small.Engine));

    static readonly Gen<Arrival> AnyArrival =
        from gap in Gen.Long[0, 300_000_000]
        from prompt in Gen.Int[1, 1500]
        from output in Gen.Int[1, 300]
        from family in Gen.ULong[1, 3]
        select new Arrival
        {
            AtNs = gap,
            PromptTokens = prompt,
            OutputTokens = output,
            PrefixKeys = Enumerable.Range(0, prompt / 64).Select(i => family * 1000 + (ulong)i).ToArray(),
            Session = -1,
        };

    static readonly Gen<List<Arrival>> AnyLoad = AnyArrival.List[1, 60].Select(InOrder);

    static readonly Gen<SchedulerOptions> AnyEngine =
        from seqs in Gen.Int[1, 40]
        from budget in Gen.Int[40, 3000]
        from blocks in Gen.Int[120, 900]
        from threshold in Gen.OneOf(Gen.Const(0), Gen.Const(256))
        select new SchedulerOptions
        {
            MaxNumSeqs = seqs,
            MaxNumBatchedTokens = budget,
            NumBlocks = blocks,
            LongPrefillTokenThreshold = threshold,
        };

    static readonly Gen<Shape> AnyFleet =
        from replicas in Gen.Int[1, 3]
        from prefill in Gen.Int[0, 2]
        from routing in Gen.Enum<RoutingPolicy>()
        select new Shape(replicas, prefill, routing);

    /// <summary>A fleet but for its engine.</summary>
    sealed record Shape(int Replicas, int Prefill, RoutingPolicy Routing)
    {
        public bool Leaps { get; init; } = true;

        public bool StopWhenCertain { get; init; }

        public int WarmupRequests { get; init; }

        public IReadOnlyList<Limit> Limits { get; init; } =
            [new Limit(Metric.Ttft, 95, 300_000_000), new Limit(Metric.Itl, 90, 30_000_000)];
    }

    [Fact]
    public void A_leap_lands_where_stepping_does() =>
        Gen.Select(AnyEngine, AnyLoad, AnyFleet, Gen.Bool).Sample(
            (engine, load, fleet, closed) =>
            {
                var leapt = Run(engine, load, fleet with { Leaps = true }, closed, out var leaptRequests);
                var stepped =
                    Run(engine, load, fleet with { Leaps = false }, closed, out var steppedRequests);
                leaptRequests.OrderBy(r => r.Index).ShouldBe(steppedRequests.OrderBy(r => r.Index));
                leapt.PlanHash.ShouldBe(stepped.PlanHash);
                leapt.Steps.ShouldBe(stepped.Steps);
                leapt.PeakKvBlocks.ShouldBe(stepped.PeakKvBlocks);
                leapt.Latencies.Itl.Count.ShouldBe(stepped.Latencies.Itl.Count);
                leapt.Latencies.Itl.MeanNs.ShouldBe(stepped.Latencies.Itl.MeanNs);
                leapt.BusyShare.ShouldBe(stepped.BusyShare);
            },
            iter: 400);

    [Fact]
    public void Every_request_ends_once_with_all_its_tokens_in_order_of_time() =>
        Gen.Select(AnyEngine, AnyLoad, AnyFleet, Gen.Bool).Sample(
            (engine, load, fleet, closed) =>
            {
                var result = Run(engine, load, fleet, closed, out var requests);
                requests.Select(r => r.Index).OrderBy(i => i)
                    .ShouldBe(Enumerable.Range(0, load.Count).Select(i => (long)i));
                (result.Completed + result.Failed).ShouldBe(load.Count);
                foreach (var request in requests.Where(r => r.Served))
                {
                    request.FirstTokenNs.ShouldBeGreaterThan(request.ArrivalNs);
                    (request.LastTokenNs - request.FirstTokenNs).ShouldBeGreaterThanOrEqualTo(
                        request.OutputTokens - 1);
                }
                requests.All(r => r.CachedTokens >= 0 && r.CachedTokens <= r.PromptTokens).ShouldBeTrue();
                result.CachedPromptTokens.ShouldBe(
                    requests.Where(r => r.Served).Sum(r => (long)r.CachedTokens));
                // Each token but an answer's first closes one gap.
                result.Latencies.Itl.Count.ShouldBe(
                    requests.Where(r => r.Served).Sum(r => r.OutputTokens - 1L));
            },
            iter: 400);

    [Fact]
    public void The_gaps_of_all_answers_add_up_to_their_decoding_time() =>
        Gen.Select(AnyEngine, AnyLoad, AnyFleet, Gen.Bool).Sample(
            (engine, load, fleet, closed) =>
            {
                var result = Run(engine, load, fleet, closed, out var requests);
                var decoding = requests.Where(r => r.Served).Sum(r => r.LastTokenNs - r.FirstTokenNs);
                var gaps = (result.Latencies.Itl.MeanNs ?? 0) * result.Latencies.Itl.Count;
                gaps.ShouldBe(decoding, Math.Max(1, decoding * 1e-9));
            },
            iter: 400);

    [Fact]
    public void Late_gaps_of_single_requests_are_those_of_the_run() =>
        Gen.Select(AnyEngine, AnyLoad, AnyFleet, Gen.Long[5_000_000, 60_000_000]).Sample(
            (engine, load, fleet, limitNs) =>
            {
                fleet = fleet with { Limits = [new Limit(Metric.Itl, 90, limitNs),
                    new Limit(Metric.Itl, 50, 2 * limitNs)] };
                var result = Run(engine, load, fleet, false, out var requests);
                var served = requests.Where(r => r.Served).ToList();
                served.All(r => r.LateGaps!.Value.First >= r.LateGaps!.Value.Second).ShouldBeTrue();
                served.All(r => r.LateGaps!.Value.Second >= 0).ShouldBeTrue();
                served.All(r => r.LateGaps!.Value.First < r.OutputTokens).ShouldBeTrue();
                // The gaps' percentile, known to half a bucket, says the same as counting the late ones.
                if (result.Latencies.Itl.PercentileNs(90) is not { } gapNs
                    || Math.Abs(gapNs - limitNs) <= 0.01 * limitNs)
                {
                    return;
                }
                var gaps = result.Latencies.Itl.Count;
                var allowed = gaps - (long)Math.Ceiling(0.9 * gaps);
                (served.Sum(r => (long)r.LateGaps!.Value.First) <= allowed).ShouldBe(gapNs < limitNs);
                if (gapNs > limitNs)
                    result.Holds.ShouldBe(false);
            },
            iter: 300);

    [Fact]
    public void Each_pool_has_an_engine_of_its_own()
    {
        var engine = new SchedulerOptions { MaxNumSeqs = 8, MaxNumBatchedTokens = 4096, NumBlocks = 2000 };
        var load = InOrder([.. Enumerable.Repeat(
            new Arrival { AtNs = 2_000_000_000, PromptTokens = 2000, OutputTokens = 50, Session = -1 },
                200)]);
        SimulationResult Of(SchedulerOptions prefill) => FleetSimulation.Run(
            new Fleet { Serving = new EnginePool(engine, StepTime),
                Prefill = new EnginePool(prefill, StepTime) },
            new ListedArrivals(load), closedLoop: false, new SimulationOptions { Requests = load.Count });

        var (wide, narrow) = (Of(engine), Of(engine with { MaxNumBatchedTokens = 100 }));
        narrow.Latencies.Ttft.MeanNs!.Value.ShouldBeGreaterThan(2 * wide.Latencies.Ttft.MeanNs!.Value);
        narrow.Latencies.Tpot.MeanNs.ShouldBe(wide.Latencies.Tpot.MeanNs);
    }

    [Fact]
    public void An_early_verdict_is_the_late_one() =>
        Gen.Select(AnyArrival.List[150, 400].Select(InOrder), Gen.Long[5_000_000, 3_000_000_000]).Sample(
            (load, limitNs) =>
            {
                var engine = new SchedulerOptions
                {
                    MaxNumSeqs = 16, MaxNumBatchedTokens = 2048, NumBlocks = 2000,
                };
                var options = new Shape(1, 0, RoutingPolicy.RoundRobin)
                {
                    WarmupRequests = 10,
                    Limits = [new Limit(Metric.Ttft, 95, limitNs), new Limit(Metric.Tpot, 90, limitNs / 20)],
                };
                var late = Run(engine, load, options, false, out _);
                var early = Run(engine, load, options with { StopWhenCertain = true }, false, out _);
                early.Holds.ShouldBe(late.Holds);
            },
            iter: 100);

    static List<Arrival> InOrder(List<Arrival> arrivals)
    {
        long nowNs = 0;
        var ordered = new List<Arrival>();
        foreach (var arrival in arrivals)
        {
            nowNs += arrival.AtNs;
            ordered.Add(arrival with { AtNs = nowNs });
        }
        return ordered;
    }

    static SimulationResult Run(
        SchedulerOptions engine, List<Arrival> load, Shape shape, bool closedLoop,
        out List<CompletedRequest> requests)
    {
        var completed = new List<CompletedRequest>();
        var result = FleetSimulation.Run(
            new Fleet
            {
                Serving = new EnginePool(engine, StepTime, shape.Replicas),
                Prefill = shape.Prefill > 0 ? new EnginePool(engine, StepTime, shape.Prefill) : null,
                Routing = shape.Routing,
                KvTransferNsPerToken = 1000,
                KvTransferLatencyNs = 50_000,
            },
            new ListedArrivals(load, 64), closedLoop,
            new SimulationOptions
            {
                Requests = load.Count,
                WarmupRequests = shape.WarmupRequests,
                Leaps = shape.Leaps,
                StopWhenCertain = shape.StopWhenCertain,
                Limits = shape.Limits,
                Observer = (in CompletedRequest request) => completed.Add(request),
            });
        requests = completed;
        return result;
    }
}
