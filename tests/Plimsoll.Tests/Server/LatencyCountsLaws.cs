using System;
using CsCheck;
using Plimsoll.Server.Metrics;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Server;

public sealed class LatencyCountsLaws
{
    /// <summary>From 10 µs to 1,000 s, every size as likely as another.</summary>
    static readonly Gen<double> _seconds = Gen.Double[-5, 3].Select(power => Math.Pow(10, power));

    [Fact]
    public void A_percentile_is_that_of_the_sorted_samples_within_its_bucket() =>
        Gen.Select(_seconds.Array[1, 300], _seconds.Array[0, 30], Gen.Double[0, 1]).Sample((one, two, part) =>
        {
            var (counts, others) = (new LatencyCounts(), new LatencyCounts());
            foreach (var sample in one)
                counts.Add(sample);
            foreach (var sample in two)
                others.Add(sample);
            counts.Add(others);
            double[] sorted = [.. one, .. two];
            Array.Sort(sorted);
            counts.Count.ShouldBe(sorted.Length);
            var exact = sorted[(int)(part * (sorted.Length - 1))];
            (counts.Percentile(part) / exact).ShouldBe(1, 0.008);
        });

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1e-9)]
    [InlineData(1e9)]
    [InlineData(double.NaN)]
    public void What_is_beyond_its_range_is_counted_at_the_end_of_it(double seconds)
    {
        var counts = new LatencyCounts();
        counts.Add(seconds);
        counts.Count.ShouldBe(1);
        counts.Percentile(0.95).ShouldBeInRange(0, 1100);
    }
}
