using System;
using System.Linq;
using CsCheck;
using Plimsoll.Core.Measures;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Measures;

public sealed class LatencyRecorderTests
{
    [Theory]
    [InlineData(50, 11)]
    [InlineData(90, 64)]
    [InlineData(95, 130)]
    [InlineData(99, 662)]
    public void A_percentile_needs_enough_samples(double percentile, int needed)
    {
        PercentileSamples.Needed(percentile).ShouldBe(needed);
        var recorder = new LatencyRecorder(needed);
        for (var i = 0; i < needed - 1; i++)
            recorder.Add(i);
        recorder.PercentileNs(percentile).ShouldBeNull();
        recorder.Add(needed);
        recorder.PercentileNs(percentile).ShouldNotBeNull();
    }

    [Fact]
    public void Kept_samples_give_the_nearest_rank() =>
        Gen.Long[0, 1L << 40].Array[130, 500].Sample(samples =>
        {
            var recorder = new LatencyRecorder(16);
            foreach (var sample in samples)
                recorder.Add(sample);
            var sorted = samples.Order().ToArray();
            recorder.PercentileNs(95).ShouldBe(sorted[(int)Math.Ceiling(0.95 * samples.Length) - 1]);
            recorder.MeanNs!.Value.ShouldBe(samples.Average(), 1e-6 * samples.Average() + 1e-9);
        });

    [Fact]
    public void A_sketch_is_within_its_stated_error() =>
        Gen.Long[1, 1L << 50].Array[130, 500].Sample(samples =>
        {
            var recorder = new LatencyRecorder(0, keepSamples: false);
            foreach (var sample in samples)
                recorder.Add(sample, 1);
            var exact = samples.Order().ElementAt((int)Math.Ceiling(0.95 * samples.Length) - 1);
            var sketched = recorder.PercentileNs(95)!.Value;
            Math.Abs(sketched - exact).ShouldBeLessThanOrEqualTo(
                (long)(QuantileSketch.RelativeError * exact) + 1);
        });

    [Fact]
    public void Beyond_a_million_samples_the_sketch_takes_over()
    {
        var recorder = new LatencyRecorder(long.MaxValue);
        for (var i = 1; i <= LatencyRecorder.ExactSamples; i++)
            recorder.Add(i);
        recorder.IsExact.ShouldBeTrue();
        recorder.PercentileNs(50).ShouldBe(LatencyRecorder.ExactSamples / 2);
        recorder.Add(1);
        recorder.IsExact.ShouldBeFalse();
        ((double)recorder.PercentileNs(50)!.Value).ShouldBe(
            LatencyRecorder.ExactSamples / 2, QuantileSketch.RelativeError * LatencyRecorder.ExactSamples);
    }
}
