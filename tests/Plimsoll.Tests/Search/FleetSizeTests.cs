using System.Linq;
using CsCheck;
using Plimsoll.Planning.Search;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Search;

public sealed class FleetSizeTests
{
    [Theory]
    [InlineData(10, 3, 4)]
    [InlineData(9, 3, 3)]
    [InlineData(9.01, 3, 4)]
    [InlineData(0.1, 3, 1)]
    public void A_fleet_is_rounded_up_to_whole_replicas(double demand, double line, int replicas) =>
        FleetSize.Replicas(demand, line).ShouldBe(replicas);

    [Fact]
    public void A_fleet_carries_its_demand_and_one_replica_less_does_not() =>
        Gen.Select(Gen.Double[0.01, 1e4], Gen.Double[0.01, 100]).Sample((demand, line) =>
        {
            var replicas = FleetSize.Replicas(demand, line);
            (replicas * line).ShouldBeGreaterThanOrEqualTo(demand * (1 - 1e-6));
            if (replicas > 1)
                ((replicas - 1) * line).ShouldBeLessThan(demand);
        });

    [Fact]
    public void The_peak_is_the_busiest_hour_over_the_mean()
    {
        FleetSize.PeakOverMean([1]).ShouldBe(1);
        FleetSize.PeakOverMean([1, 3, 2]).ShouldBe(1.5);
        FleetSize.PeakOverMean([0.5, 0.5, 2, 1]).ShouldBe(2);
    }

    [Fact]
    public void A_fleet_that_follows_demand_is_sized_hour_by_hour()
    {
        // 2, 8 and 5 requests/s at 3 a replica: 1, 3 and 2 replicas, and a spare each.
        FleetSize.FollowingDemand(5, 3, [0.4, 1.6, 1.0], spare: 1).ShouldBe((1 + 3 + 2) / 3.0 + 1);
    }

    [Fact]
    public void It_never_follows_with_more_than_the_peak_needs() =>
        Gen.Select(Gen.Double[0.1, 3].Array[1, 168], Gen.Double[0.1, 50]).Sample((hours, demand) =>
        {
            var mean = hours.Average();
            var envelope = hours.Select(h => h / mean).ToArray();
            FleetSize.FollowingDemand(demand, 1, envelope, spare: 0).ShouldBeLessThanOrEqualTo(
                FleetSize.Replicas(demand * FleetSize.PeakOverMean(envelope), 1));
        });
}
