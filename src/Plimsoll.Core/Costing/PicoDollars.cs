using System;

namespace Plimsoll.Core.Costing;

/// <summary>
/// Money in integer pico-dollars (10⁻¹² USD), so that shares can sum to a bill to the unit. One token of a
/// cheap model costs about 10,000 of them.
/// </summary>
public readonly record struct PicoDollars(Int128 Amount) : IComparable<PicoDollars>
{
    const long PerDollar = 1_000_000_000_000;

    public static PicoDollars FromUsd(double usd)
    {
        if (!double.IsFinite(usd))
            throw new ArgumentOutOfRangeException(nameof(usd), usd, "Money is a finite number.");
        return new PicoDollars((Int128)Math.Round(usd * PerDollar));
    }

    public static PicoDollars FromUsd(decimal usd) => new((Int128)decimal.Round(usd * PerDollar));

    /// <summary>The exact amount in dollars, twelve decimals.</summary>
    public decimal Usd => (decimal)Amount / PerDollar;

    public int CompareTo(PicoDollars other) => Amount.CompareTo(other.Amount);

    public static PicoDollars operator +(PicoDollars a, PicoDollars b) => new(a.Amount + b.Amount);

    public static PicoDollars operator -(PicoDollars a, PicoDollars b) => new(a.Amount - b.Amount);

    /// <summary>
    /// Splits the amount in proportion to weights ≥ 0 by largest remainder: the shares are integers, differ
    /// from proportionality by less than one unit, and sum to the amount exactly. Equal remainders go to the
    /// earlier share. All weights zero: the last share takes everything.
    /// </summary>
    public void SplitInto(ReadOnlySpan<long> weights, Span<PicoDollars> shares)
    {
        ArgumentOutOfRangeException.ThrowIfZero(weights.Length);
        ArgumentOutOfRangeException.ThrowIfLessThan(shares.Length, weights.Length);
        Int128 total = 0;
        foreach (var weight in weights)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(weight);
            total += weight;
        }
        if (total == 0)
        {
            shares[..weights.Length].Clear();
            shares[weights.Length - 1] = this;
            return;
        }
        var left = Amount;
        for (var i = 0; i < weights.Length; i++)
        {
            shares[i] = new PicoDollars(Amount * weights[i] / total);
            left -= shares[i].Amount;
        }
        // Truncation leaves fewer units than there are shares: hand them to the largest remainders.
        var count = weights.Length;
        Span<(Int128 Remainder, int Share)> order =
            count <= 64 ? stackalloc (Int128, int)[count] : new (Int128, int)[count];
        for (var i = 0; i < order.Length; i++)
            order[i] = (-Int128.Abs(Amount * weights[i] % total), i);
        order.Sort();
        var unit = left < 0 ? -1 : 1;
        for (var next = 0; left != 0; left -= unit)
        {
            ref var share = ref shares[order[next++].Share];
            share = new PicoDollars(share.Amount + unit);
        }
    }
}
