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
        Enumerable.Range(0, 6).Select(_ => router.Choose([9, 0, 0], 0, 0)).ShouldBe([0, 1, 2, 0, 1, 2]);
    }

    [Fact]
    public void Least_outstanding_takes_a_least_loaded_one(
        ) => Gen.Select(Loads, Gen.ULong).Sample((loads, bits) =>
        loads[new Router(RoutingPolicy.LeastOutstanding).Choose(loads, 0, bits)].ShouldBe(loads.Min()));

    [Fact]
    public void The_better_of_two_is_never_the_single_worst(
        ) => Gen.Select(Loads, Gen.ULong).Sample((loads, bits) =>
    {
        var chosen = new Router(RoutingPolicy.PowerOfTwo).Choose(loads, 0, bits);
        if (loads.Length > 1 && loads.Count(l => l == loads.Max()) == 1)
            loads[chosen].ShouldBeLessThan(loads.Max());
    });

    [Fact]
    public void A_prefix_goes_home_while_home_is_not_too_busy()
    {
        var router = new Router(RoutingPolicy.PrefixAffinity);
        var home = router.Choose([3, 3, 3], 42, 0);
        int[] loads = [3, 3, 3];
        loads[home] = 3 + Router.AffinitySlack;
        router.Choose(loads, 42, 0).ShouldBe(home);
        loads[home]++;
        router.Choose(loads, 42, 0).ShouldNotBe(home);
    }
}
