using Plimsoll.Core.Measures;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Choices;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;
using Plimsoll.Tests.Simulation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Search;

public sealed class LoadLineSearchTests
{
    const long Requests = 6000;

    static readonly SimulatedEngine Engine =
        SimulatedEngine.Of(TestDeployments.Small, SchedulingPolicy.VllmV1);
    static readonly Workload Chat = WorkloadFamily.Find("chat");
    static readonly double Ceiling = SaturatedThroughput.Of(Engine, Of(Chat)).RequestsPerSecond;

    [Theory]
    [InlineData(Metric.Ttft, 200)]
    [InlineData(Metric.Tpot, 20)]
    [InlineData(Metric.E2e, 8000)]
    public void The_promise_holds_at_the_load_line_and_breaks_a_little_above(Metric metric, double limitMs)
    {
        var limit = Limit(metric, limitMs);
        var search = Search(limit);
        var line = search.Find(Ceiling);
        line.Binding!.Value.Limit.ShouldBe(limit);
        At(search, line.RequestsPerSecond, limit).ShouldBeLessThanOrEqualTo(limit.LimitNs);
        At(search, 1.011 * line.RequestsPerSecond, limit).ShouldBeGreaterThan(limit.LimitNs);
    }

    [Fact]
    public void A_tighter_promise_never_carries_more()
    {
        var before = double.MaxValue;
        foreach (var limitMs in (double[])[1000, 500, 250, 120, 60])
        {
            var line = Search(Limit(Metric.Ttft, limitMs)).Find(Ceiling).RequestsPerSecond;
            line.ShouldBeLessThanOrEqualTo(before);
            before = line;
        }
    }

    [Fact]
    public void Slower_steps_and_later_first_tokens_carry_less()
    {
        var line = Search(Limit(Metric.Ttft, 200)).Find(Ceiling).RequestsPerSecond;
        var products = StepScale.None.With(StepTerm.Products, 1.2);
        var slow = Drawn(new StepErrorDraw(1, products, 1));
        var slowAndLate = Drawn(new StepErrorDraw(1, products, 1.5));
        slow.ShouldBeLessThan(line);
        slowAndLate.ShouldBeLessThan(slow);

        static double Drawn(StepErrorDraw draw) => Search(Limit(Metric.Ttft, 200), Engine with
        {
            StepTime = Engine.StepTime.Drawn(draw),
        }).Find(Ceiling).RequestsPerSecond;
    }

    [Fact]
    public void A_promise_that_an_idle_engine_breaks_says_by_how_much()
    {
        var line = Search(Limit(Metric.Ttft, 1)).Find(Ceiling);
        line.RequestsPerSecond.ShouldBe(0);
        line.Binding!.Value.Ratio.ShouldBeGreaterThan(5);
    }

    [Fact]
    public void Sessions_that_memory_holds_carry_more_than_all_at_once()
    {
        var agentic = WorkloadFamily.Find("agentic-coding");
        var best = SaturatedThroughput.Of(Engine, Of(agentic));
        var all = Engine.Run(
            agentic, 1, new SimulationOptions { Requests = Requests, Seed = 1 }, ArrivalProcess.AtOnce);
        best.Run.PrefixHitRate!.Value.ShouldBeGreaterThan(all.PrefixHitRate!.Value);
        best.RequestsPerSecond.ShouldBeGreaterThan(all.Completed / all.MakespanS);
    }

    static LoadLineSearch Search(Limit limit, SimulatedEngine? engine = null) =>
        new(engine ?? Engine, Of(Chat, limit), new ProbeSize(Streams: 1, 2 * Requests, Requests));

    static Serving Of(Workload workload, params Limit[] limits) =>
        TestServings.Of(Engine.Deployment, workload, Requests, limits);

    static Limit Limit(Metric metric, double ms) => new(metric, 95, (long)(ms * 1e6));

    static long At(LoadLineSearch search, double rate, Limit limit) =>
        search.Measure(rate).Latencies[limit.Metric].PercentileNs(limit.Percentile)!.Value;
}
