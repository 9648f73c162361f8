using Plimsoll.Core.Measures;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Measures;

/// <summary>Recorders put together, and where samples are no longer kept.</summary>
public sealed class RecorderByHandTests
{
    [Fact]
    public void A_million_samples_of_two_recorders_are_kept_and_one_more_is_not()
    {
        var pooled = Counted(400_000, from: 600_001);
        pooled.PercentileNs(50).ShouldBe(800_000);
        pooled.Add(Counted(600_000, from: 1));
        pooled.IsExact.ShouldBeTrue();
        pooled.PercentileNs(50).ShouldBe(500_000);
        pooled.MeanNs.ShouldBe(500_000.5);

        var more = Counted(600_000, from: 1);
        more.Add(Counted(400_001, from: 600_001));
        more.IsExact.ShouldBeFalse();
        ((double)more.PercentileNs(50)!.Value).ShouldBe(500_000, 500_000 * QuantileSketch.RelativeError);
    }

    [Fact]
    public void What_is_no_longer_exact_goes_on_in_the_sketch()
    {
        var bulk = new LatencyRecorder(0, keepSamples: false);
        bulk.MeanNs.ShouldBeNull();
        bulk.Add(100);
        bulk.Add(40, 199);
        (bulk.Count, bulk.PercentileNs(95), bulk.PercentileNs(50)).ShouldBe((200, 40, 40));
        var pooled = Counted(3, from: 1);
        pooled.Add(bulk);
        for (var i = 0; i < 40; i++)
            pooled.Add(7);
        (pooled.Count, pooled.IsExact, pooled.PercentileNs(95)).ShouldBe((243, false, 40));
    }

    [Fact]
    public void A_summary_is_in_milliseconds_and_says_nothing_of_too_few()
    {
        var recorder = new LatencyRecorder(0);
        for (var i = 1; i <= 200; i++)
            recorder.Add(i * 500_000);
        recorder.Summarise().ShouldBe(new LatencySummary(50.25, 50, 90, 95, null));
        new LatencyRecorder(0).Summarise().ShouldBe(new LatencySummary(null, null, null, null, null));
    }

    [Fact]
    public void Every_latency_of_another_run_is_added()
    {
        var one = new LatencyRecorders(0);
        one.Ttft.Add(1);
        one.Tpot.Add(2);
        one.Itl.Add(3, 5);
        one.E2e.Add(4);
        var sum = new LatencyRecorders(0);
        sum.Add(one);
        sum.Add(one);
        (sum.Ttft.Count, sum.Tpot.Count, sum.Itl.Count, sum.E2e.Count).ShouldBe((2, 2, 10, 2));
        (sum[Metric.Ttft].MeanNs, sum[Metric.Tpot].MeanNs, sum[Metric.Itl].MeanNs, sum[Metric.E2e].MeanNs)
            .ShouldBe((1, 2, 3, 4));
    }

    [Fact]
    public void A_sketch_tells_every_nanosecond_below_256_and_takes_what_is_negative_for_none()
    {
        for (var ns = 0; ns < 256; ns++)
        {
            var sketch = new QuantileSketch();
            sketch.Add(ns);
            sketch.Percentile(50).ShouldBe(ns);
        }
        var negative = new QuantileSketch();
        negative.Add(-5);
        negative.Percentile(50).ShouldBe(0);
        Should.Throw<System.InvalidOperationException>(() => new QuantileSketch().Percentile(50));
    }

    /// <summary>Samples of so many nanoseconds, one after the other.</summary>
    static LatencyRecorder Counted(int count, int from)
    {
        var recorder = new LatencyRecorder(0);
        for (var i = 0; i < count; i++)
            recorder.Add(from + i);
        return recorder;
    }
}
