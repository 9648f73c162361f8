using System.Linq;
using CsCheck;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Timing;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Costing;

public sealed class StepBillLaws
{
    static readonly Gen<StepWork> Works =
        from prefill in Gen.OneOf(Gen.Const(0), Gen.Int[1, 4096])
        from context in Gen.Int[0, 100_000]
        select prefill > 0 ? new StepWork(prefill, 0, prefill + context) : new StepWork(0, 1, context + 1);

    static readonly Gen<StepSplit> Causes =
        from parts in Gen.Long[0, 50_000_000].Array[6]
        select new StepSplit
        {
            FixedNs = parts[0],
            PrefillTokensNs = parts[1],
            PrefillNewContextNs = parts[2],
            PrefillCachedContextNs = parts[3],
            DecodeTokensNs = parts[4],
            DecodeContextNs = parts[5],
        };

    [Fact]
    public void Shares_sum_to_the_step_and_none_is_negative() =>
        Gen.Select(Works.Array[1, 300], Causes, Gen.Long[0, 1_000_000_000_000])
            .Sample((works, causes, amount) =>
        {
            var charges = new StepCharge[works.Length];
            StepBill.Split(amount, causes, works, charges);
            charges.Sum(c => c.Total).ShouldBe(amount);
            charges.All(c => c.Fixed >= 0 && c.Prefill >= 0 && c.Decode >= 0 && c.Kv >= 0).ShouldBeTrue();
        });

    [Fact]
    public void Who_does_the_same_pays_the_same_to_the_unit_of_each_column() =>
        Gen.Select(Works, Gen.Int[2, 64], Causes, Gen.Long[0, 1_000_000_000])
            .Sample((work, count, causes, amount) =>
        {
            var charges = new StepCharge[count];
            StepBill.Split(amount, causes, Enumerable.Repeat(work, count).ToArray(), charges);
            (charges.Max(c => c.Total) - charges.Min(c => c.Total)).ShouldBeLessThanOrEqualTo(8);
        });

    [Fact]
    public void A_longer_context_never_pays_less() =>
        Gen.Select(Gen.Int[1, 50_000], Gen.Int[1, 50_000], Causes).Sample((near, more, causes) =>
        {
            var charges = new StepCharge[2];
            StepWork[] works = [new(0, 1, near), new(0, 1, near + more)];
            StepBill.Split(1_000_000_000, causes, works, charges);
            charges[1].Kv.ShouldBeGreaterThanOrEqualTo(charges[0].Kv - 1);
        });

    [Fact]
    public void A_cause_that_nobody_has_is_paid_as_fixed()
    {
        var charges = new StepCharge[2];
        StepWork[] works = [new(0, 1, 100), new(0, 1, 100)];
        StepBill.Split(1000, new StepSplit { PrefillTokensNs = 10 }, works, charges);
        charges.ShouldBe([new StepCharge(500, 0, 0, 0), new StepCharge(500, 0, 0, 0)]);
    }

    [Fact]
    public void A_step_of_unknown_causes_is_paid_by_the_weights_of_a_common_engine()
    {
        // 600 fixed and 200 of prefill that nobody has, 100 decode, 100 KV of which a quarter and the rest.
        var charges = new StepCharge[2];
        StepBill.Split(1000, default, [new(0, 1, 100), new(0, 1, 300)], charges);
        charges.ShouldBe([new StepCharge(400, 0, 50, 25), new StepCharge(400, 0, 50, 75)]);
    }

    [Fact]
    public void What_does_not_divide_goes_to_the_last()
    {
        var charges = new StepCharge[3];
        StepWork[] works = [new(0, 1, 1), new(0, 1, 1), new(0, 1, 1)];
        StepBill.Split(10, new StepSplit { FixedNs = 7 }, works, charges);
        charges.Select(c => c.Fixed).ShouldBe([3, 3, 4]);
    }

    [Fact]
    public void A_step_is_paid_by_cause_and_within_it_by_who_caused_it()
    {
        // Columns: 1000 fixed, 2700 prefill, 4000 decode, 2300 KV. Chunks of 3 and 1 tokens have 6 and 1
        // pairs of their own and 3 × 10 and 1 × 30 with what was cached.
        var causes = new StepSplit
        {
            FixedNs = 1000,
            PrefillTokensNs = 2000,
            PrefillNewContextNs = 700,
            PrefillCachedContextNs = 300,
            DecodeTokensNs = 4000,
            DecodeContextNs = 2000,
        };
        StepWork[] works = [new(3, 0, 13), new(1, 0, 31), new(0, 1, 100), new(0, 3, 300)];
        var charges = new StepCharge[works.Length];
        StepBill.Split(10_000, causes, works, charges);

        charges.ShouldBe(
        [
            new StepCharge(250, 2100, 0, 150), new StepCharge(250, 600, 0, 150),
            new StepCharge(250, 0, 1000, 500), new StepCharge(250, 0, 3000, 1500),
        ]);
    }

    [Fact]
    public void Charges_add_up_column_by_column()
    {
        var sum = new StepCharge(1, 20, 300, 4000) + new StepCharge(5, 60, 700, 8000);
        sum.ShouldBe(new StepCharge(6, 80, 1000, 12_000));
        sum.Total.ShouldBe(13_086);
    }
}
