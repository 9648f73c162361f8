using System;
using CsCheck;
using Plimsoll.Core.Costing;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Costing;

public sealed class PicoDollarsLaws
{
    [Fact]
    public void Shares_sum_to_the_bill_and_stay_within_a_unit_of_proportion() =>
        Gen.Select(Gen.Long, Gen.Long[0, 1L << 50].Array[1, 12]).Sample((amount, weights) =>
        {
            var bill = new PicoDollars(amount);
            var shares = new PicoDollars[weights.Length];
            bill.SplitInto(weights, shares);
            var sum = new PicoDollars(0);
            Int128 total = 0;
            foreach (var weight in weights)
                total += weight;
            for (var i = 0; i < weights.Length; i++)
            {
                sum += shares[i];
                if (total > 0)
                {
                    Int128.Abs(shares[i].Amount * total - (Int128)amount * weights[i])
                        .ShouldBeLessThan(total);
                }
            }
            sum.ShouldBe(bill);
        });

    [Fact]
    public void Units_that_are_left_go_to_the_earlier_of_equal_remainders()
    {
        var shares = new PicoDollars[3];
        new PicoDollars(5).SplitInto([1, 1, 1], shares);
        shares.ShouldBe([new(2), new(2), new(1)]);
        new PicoDollars(-5).SplitInto([1, 1, 1], shares);
        shares.ShouldBe([new(-2), new(-2), new(-1)]);
        new PicoDollars(10).SplitInto([1, 6, 2], shares);
        shares.ShouldBe([new(1), new(7), new(2)]);

        // Nobody weighs anything: the last takes all. Beyond 64 shares as before.
        new PicoDollars(5).SplitInto([0, 0, 0], shares);
        shares.ShouldBe([new(0), new(0), new(5)]);
        var many = new PicoDollars[100];
        var weights = new long[100];
        Array.Fill(weights, 1);
        new PicoDollars(150).SplitInto(weights, many);
        for (var i = 0; i < 100; i++)
            many[i].ShouldBe(new PicoDollars(i < 50 ? 2 : 1));
    }

    [Fact]
    public void A_dollar_is_a_trillion_units()
    {
        PicoDollars.FromUsd(2.49m).Amount.ShouldBe((Int128)2_490_000_000_000);
        PicoDollars.FromUsd(2.49).Usd.ShouldBe(2.49m);
    }

    [Fact]
    public void Money_that_is_no_number_is_refused() =>
        Should.Throw<ArgumentOutOfRangeException>(() => PicoDollars.FromUsd(double.NaN));
}
