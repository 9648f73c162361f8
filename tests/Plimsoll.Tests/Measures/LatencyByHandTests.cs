using System.Linq;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Timing;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Measures;

/// <summary>The definitions of the latencies, request by request, and runs pooled as one.</summary>
public sealed class LatencyByHandTests
{
    const long Ms = 1_000_000;
    const long OverheadNs = 3 * Ms;

    static readonly Limit[] NoLimits = [];

    [Fact]
    public void Every_token_of_a_prompt_comes_before_its_first_token()
    {
        var meter = new RequestMeter(NoLimits, 0, 1, new RequestOverhead(OverheadNs, 8_000));
        meter.Add(new CompletedRequest
        {
            Index = 0, Replica = 0, PromptTokens = 1000, OutputTokens = 1, ArrivalNs = 0,
            FirstTokenNs = 5_000_000, LastTokenNs = 5_000_000, Served = true,
        });
        meter.Latencies.Ttft.MeanNs.ShouldBe(5_000_000 + OverheadNs + 8_000_000);
        meter.Latencies.E2e.MeanNs.ShouldBe(5_000_000 + OverheadNs + 8_000_000);
    }

    [Fact]
    public void Each_latency_is_what_it_is_defined_to_be()
    {
        // Arrives at 1000 ms, first token at 1080, last of five at 1200; the server adds 3 ms.
        var meter = new RequestMeter(NoLimits, 0, 2, new RequestOverhead(OverheadNs, 0));
        meter.Add(Request(0, 1000, 1080, 1200, 5));
        meter.Latencies.Ttft.MeanNs.ShouldBe(83.0 * Ms);
        meter.Latencies.Tpot.MeanNs.ShouldBe(30.0 * Ms);
        meter.Latencies.E2e.MeanNs.ShouldBe(203.0 * Ms);
        meter.FirstArrivalNs.ShouldBe(1000 * Ms);
        meter.LastTokenNs.ShouldBe(1200 * Ms);

        // A single token has no time per output token.
        meter.Add(Request(1, 500, 600, 600, 1));
        meter.Latencies.Tpot.Count.ShouldBe(1);
        meter.Latencies.Ttft.MeanNs.ShouldBe((83.0 + 103) / 2 * Ms);
        meter.FirstArrivalNs.ShouldBe(500 * Ms);
        meter.LastTokenNs.ShouldBe(1200 * Ms);
    }

    [Fact]
    public void Two_tokens_at_once_take_no_time_between_them_and_count()
    {
        var meter = new RequestMeter(NoLimits, 0, 1);
        meter.Add(Request(0, 0, 50, 50, 2));
        meter.Latencies.Tpot.Count.ShouldBe(1);
        meter.Latencies.Tpot.MeanNs.ShouldBe(0);
    }

    [Fact]
    public void Warm_up_and_cool_down_count_tokens_and_no_latency_and_a_failure_counts_as_such()
    {
        var meter = new RequestMeter([new Limit(Metric.Ttft, 95, 1000 * Ms)], 1, 3);
        meter.Add(Request(0, 0, 100, 100, 1) with { CachedTokens = 4 });
        meter.Add(Request(1, 0, 200, 200, 1) with { CachedTokens = 6 });
        meter.Add(Request(2, 0, 0, 400, 1) with { Served = false });
        meter.Add(Request(3, 0, 800, 800, 1));
        meter.Latencies.Ttft.Count.ShouldBe(1);
        meter.Latencies.Ttft.MeanNs.ShouldBe(200.0 * Ms);
        meter.Measured.ShouldBe(2);
        (meter.Completed, meter.Failed).ShouldBe((3, 1));
        ((long)meter.PromptTokens, (long)meter.CachedTokens, (long)meter.OutputTokens).ShouldBe((30, 10, 3));
        meter.Goodput.ShouldBe(0.5);
    }

    [Fact]
    public void Gaps_count_once_the_first_measured_request_has_come()
    {
        var meter = new RequestMeter(NoLimits, 0, 1);
        meter.AddGaps(7 * Ms, 5);
        meter.MeasureGaps = true;
        meter.AddGaps(10 * Ms, 2);
        meter.AddGaps(40 * Ms, 1);
        meter.Latencies.Itl.Count.ShouldBe(3);
        meter.Latencies.Itl.MeanNs.ShouldBe(20.0 * Ms);
    }

    [Fact]
    public void A_promise_of_gaps_is_judged_by_each_limit_and_by_the_run_where_nobody_counts_them()
    {
        Limit[] limits = [new(Metric.Itl, 50, 20 * Ms), new(Metric.Itl, 95, 30 * Ms)];
        var counted = new RequestMeter(limits, 0, 1);
        counted.Add(Request(0, 0, 0, 2000, 201) with { LateGaps = new LateGaps(100, 11, 0, 0) });
        counted.Levels[0].Breaks(0).ShouldBe(100);
        counted.Levels[0].Breaks(1).ShouldBe(11);
        counted.Verdict().ShouldBe(false);

        foreach (var (longMs, kept) in new[] { (25, true), (35, false) })
        {
            var measured = new RequestMeter(limits, 0, 1) { MeasureGaps = true };
            measured.AddGaps(10 * Ms, 150);
            measured.AddGaps(longMs * Ms, 50);
            measured.Add(Request(0, 0, 0, 2000, 201) with { LateGaps = null });
            measured.Verdict().ShouldBe(kept);
        }
    }

    /// <summary>Where nobody counted the gaps by request, the pool's distribution judges.</summary>
    [Fact]
    public void A_promise_of_gaps_is_not_kept_by_pooling()
    {
        Limit[] limits = [new(Metric.Itl, 95, 30 * Ms)];
        var late = new RequestMeter(limits, 0, 1) { MeasureGaps = true };
        late.AddGaps(35 * Ms, 200);
        late.Add(Request(0, 0, 0, 7000, 201) with { LateGaps = null });
        late.Verdict().ShouldBe(false);
        PromiseMeter.Pooled([late.Levels[0], late.Levels[0]]).Verdict().ShouldBe(false);
    }

    [Fact]
    public void Runs_pooled_are_one_run()
    {
        Limit[] limits = [new(Metric.Ttft, 95, 100 * Ms), new(Metric.Tpot, 90, 10 * Ms)];
        var whole = new RequestMeter(limits, 0, 600);
        var parts = new[] { new RequestMeter(limits, 0, 400), new RequestMeter(limits, 0, 200) };
        for (var i = 0; i < 600; i++)
        {
            var request = Request(i, 0, 40 + i % 70, 40 + i % 70 + 5 * (6 + i % 7), 6);
            whole.Add(request);
            var part = i % 3 == 0 ? 1 : 0;
            parts[part].Add(request with { Index = part == 1 ? i / 3 : i - i / 3 - 1 });
        }

        var pooled = PromiseMeter.Pooled([.. parts.Select(p => p.Levels[0])]);
        pooled.Measured.ShouldBe(600);
        pooled.Good.ShouldBe(whole.Levels[0].Good);
        pooled.Verdict().ShouldBe(whole.Verdict());
        pooled.Breaks(0).ShouldBe(whole.Levels[0].Breaks(0));
        pooled.Breaks(1).ShouldBe(whole.Levels[0].Breaks(1));
        pooled.Latencies.Ttft.MeanNs.ShouldBe(whole.Latencies.Ttft.MeanNs);
        foreach (var percentile in new[] { 50.0, 90, 95 })
        {
            pooled.Latencies.Ttft.PercentileNs(percentile)
                .ShouldBe(whole.Latencies.Ttft.PercentileNs(percentile));
        }
    }

    [Fact]
    public void Recorders_pooled_stay_exact_while_they_can_and_know_when_they_cannot()
    {
        var exact = new LatencyRecorder(16);
        for (var i = 0; i < 500; i++)
            exact.Add(1000 - i);
        exact.PercentileNs(50).ShouldBe(750);
        exact.Add(1);
        exact.PercentileNs(50).ShouldBe(750);
        for (var i = 0; i < 300; i++)
            exact.Add(2);
        exact.PercentileNs(50).ShouldBe(600);

        var sketched = new LatencyRecorder(0, keepSamples: false);
        sketched.Add(5000, 1000);
        exact.Add(sketched);
        exact.IsExact.ShouldBeFalse();
        exact.Count.ShouldBe(1801);
        ((double)exact.PercentileNs(90)!.Value).ShouldBe(5000, 5000 * QuantileSketch.RelativeError);
    }

    [Fact]
    public void A_sketch_holds_the_longest_durations_adds_up_and_forgets()
    {
        var sketch = new QuantileSketch();
        sketch.Add(long.MaxValue);
        ((double)sketch.Percentile(50))
            .ShouldBe(long.MaxValue, long.MaxValue * QuantileSketch.RelativeError * 2);
        sketch.Add(10, times: 3);
        sketch.Count.ShouldBe(4);
        sketch.Percentile(75).ShouldBe(10);
        sketch.Percentile(76).ShouldBeGreaterThan(long.MaxValue / 2);

        var both = new QuantileSketch();
        both.Add(20);
        both.Add(sketch);
        both.Count.ShouldBe(5);
        both.Percentile(60).ShouldBe(10);
        both.Percentile(61).ShouldBe(20);

        both.Clear();
        both.Count.ShouldBe(0);
        both.Add(30);
        both.Percentile(1).ShouldBe(30);
    }

    static CompletedRequest Request(
        long index, long arrivalMs, long firstMs, long lastMs, int outputTokens) =>
        new()
        {
            Index = index,
            Replica = 0,
            PromptTokens = 10,
            OutputTokens = outputTokens,
            ArrivalNs = arrivalMs * Ms,
            FirstTokenNs = firstMs * Ms,
            LastTokenNs = lastMs * Ms,
            Served = true,
        };
}
