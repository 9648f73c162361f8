using System.Linq;
using CsCheck;
using Plimsoll.Core.Routing;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Routing;

public sealed class RouterTests
{
    static readonly Gen<int[]> Loads = Gen.Int[0, 50].Array[1, 9];

    [Fact]
    public void Round_robin_visits_everyone_in_turn()
    {
        var router = new Router(RoutingPolicy.RoundRobin);
        Enumerable.Range(0, 6).Select(_ => router.Choose([9, 0, 0], [], 0)).ShouldBe([0, 1, 2, 0, 1, 2]);
    }

    [Fact]
    public void Least_outstanding_takes_a_least_loaded_one(
        ) => Gen.Select(Loads, Gen.ULong).Sample((loads, bits) =>
        loads[new Router(RoutingPolicy.LeastOutstanding).Choose(loads, [], bits)].ShouldBe(loads.Min()));

    [Fact]
    public void The_better_of_two_is_never_the_single_worst(
        ) => Gen.Select(Loads, Gen.ULong).Sample((loads, bits) =>
    {
        var chosen = new Router(RoutingPolicy.PowerOfTwo).Choose(loads, [], bits);
        if (loads.Length > 1 && loads.Count(l => l == loads.Max()) == 1)
            loads[chosen].ShouldBeLessThan(loads.Max());
    });

    /// <summary>All of a prompt is worth eight requests, half of it four.</summary>
    [Theory]
    [InlineData(1.0, 7, true)]
    [InlineData(1.0, 9, false)]
    [InlineData(0.5, 3, true)]
    [InlineData(0.5, 5, false)]
    public void A_prefix_goes_where_it_is_cached_while_that_is_not_too_busy(
        double cached, int above, bool stays) =>
        new Router(RoutingPolicy.PrefixAffinity).Choose([3, 3 + above, 3], [0, cached, 0], 0)
            .ShouldBe(stays ? 1 : 0);

    [Fact]
    public void The_longest_prefix_wins_among_equals() =>
        new Router(RoutingPolicy.PrefixAffinity).Choose([3, 3, 3, 3], [0.2, 0.4, 0.9, 0.4], 0).ShouldBe(2);

    [Fact]
    public void Without_a_cached_prefix_the_load_decides() =>
        Gen.Select(Loads, Gen.ULong).Sample((loads, bits) => loads[new Router(RoutingPolicy.PrefixAffinity)
            .Choose(loads, new double[loads.Length], bits)].ShouldBe(loads.Min()));
}
