using System;
using System.Linq;
using CsCheck;
using Plimsoll.Core.Costing;
using Plimsoll.Planning.Compare;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Compare;

public sealed class ShapleyLaws
{
    static readonly Gen<PicoDollars[]> Costs = Gen.Int[0, 6].SelectMany(drivers =>
        Gen.Long[-1_000_000_000_000_000, 1_000_000_000_000_000].Select(pico => new PicoDollars(pico))
            .Array[1 << drivers]);

    [Fact]
    public void Shares_sum_to_the_change_to_the_pico_dollar() => Costs.Sample(costs =>
        ShapleySplit.Of(costs).Aggregate(new PicoDollars(0), (a, b) => a + b) == costs[^1] - costs[0]);

    /// <summary>By the definition: the mean over all orders of what each adds.</summary>
    [Fact]
    public void A_share_is_the_mean_over_all_orders() => Costs.Where(c => c.Length <= 32).Sample(costs =>
    {
        var drivers = (int)Math.Log2(costs.Length);
        var sums = new Int128[drivers];
        var orders = 0;
        Permute([.. Enumerable.Range(0, drivers)], 0);
        var shares = ShapleySplit.Of(costs);
        for (var i = 0; i < drivers; i++)
            Int128.Abs(shares[i].Amount * orders - sums[i]).ShouldBeLessThanOrEqualTo(orders);

        void Permute(int[] order, int from)
        {
            if (from == drivers)
            {
                orders++;
                var set = 0;
                foreach (var driver in order)
                {
                    sums[driver] += (costs[set | 1 << driver] - costs[set]).Amount;
                    set |= 1 << driver;
                }
                return;
            }
            for (var i = from; i < drivers; i++)
            {
                (order[from], order[i]) = (order[i], order[from]);
                Permute(order, from + 1);
                (order[from], order[i]) = (order[i], order[from]);
            }
        }
    });

    [Fact]
    public void Who_changes_nothing_has_no_share() => Costs.Where(c => c.Length >= 2).Sample(costs =>
    {
        for (var set = 0; set < costs.Length; set += 2)
            costs[set | 1] = costs[set];
        return Int128.Abs(ShapleySplit.Of(costs)[0].Amount) <= 1;
    });

    [Fact]
    public void Whole_shares_are_those_of_real_numbers_rounded() => Costs.Sample(costs =>
    {
        var whole = ShapleySplit.Of(costs);
        var real = ShapleySplit.Of([.. costs.Select(cost => (double)cost.Amount)]);
        for (var i = 0; i < whole.Length; i++)
            ((double)whole[i].Amount).ShouldBe(real[i], 64);
    });
}
