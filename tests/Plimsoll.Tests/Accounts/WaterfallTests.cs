using System.Linq;
using Plimsoll.Core.Costing;
using Plimsoll.Planning.Accounts;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Accounts;

public sealed class WaterfallTests
{
    [Fact]
    public void Bars_are_differences_of_levels_and_sum_to_the_last()
    {
        var waterfall = new Waterfall()
            .Rise("floor", PicoDollars.FromUsd(0.1m))
            .Rise("kernels", PicoDollars.FromUsd(0.35m))
            .Rise("reserve", PicoDollars.FromUsd(0.3m));

        waterfall.Bars.Select(b => b.UsdPerMillionTokens).ShouldBe([0.1m, 0.25m, -0.05m]);
        waterfall.Bars.Sum(b => b.UsdPerMillionTokens).ShouldBe(waterfall.Total.Usd);
    }

    [Fact]
    public void A_million_tokens_cost_what_the_replica_costs_while_it_makes_them()
    {
        // $3.60 an hour is $0.001 a second, in which 2 requests of 500 tokens are served: $1 a million.
        new CostBasis(3.6m, 500).PerMillionTokens(2).Usd.ShouldBe(1m);
        new CostBasis(3.6m, 500).PerMillionTokens(4).Usd.ShouldBe(0.5m);
    }
}
