using System;
using Plimsoll.Core.Costing;

namespace Plimsoll.Planning.Compare;

/// <summary>
/// A change split over its drivers by Shapley value: what a driver changes on average over all orders in
/// which they may change one after another. Every set of drivers has a cost, bit i of its number for driver
/// i, so n drivers need 2ⁿ costs.
/// </summary>
public static class ShapleySplit
{
    /// <summary>Drivers beyond which nobody re-simulates all sets.</summary>
    public const int Most = 8;

    /// <summary>Integers of pico-dollars that sum to the change exactly, by largest remainder.</summary>
    /// <param name="costs">Of every set, the empty one first.</param>
    public static PicoDollars[] Of(ReadOnlySpan<PicoDollars> costs)
    {
        var drivers = Drivers(costs.Length);
        var orders = Factorial(drivers);
        var shares = new PicoDollars[drivers];
        var remainders = new Int128[drivers];
        var left = costs[^1] - costs[0];
        for (var driver = 0; driver < drivers; driver++)
        {
            Int128 sum = 0;
            for (var set = 0; set < costs.Length; set++)
            {
                if ((set >> driver & 1) == 0)
                    sum += Weight(set, drivers) * (costs[set | 1 << driver] - costs[set]).Amount;
            }
            var whole = sum / orders - (sum % orders < 0 ? 1 : 0);
            shares[driver] = new PicoDollars(whole);
            remainders[driver] = sum - whole * orders;
            left -= shares[driver];
        }
        for (; left.Amount > 0; left -= new PicoDollars(1))
        {
            var largest = 0;
            for (var driver = 1; driver < drivers; driver++)
            {
                if (remainders[driver] > remainders[largest])
                    largest = driver;
            }
            shares[largest] += new PicoDollars(1);
            remainders[largest] = -1;
        }
        return shares;
    }

    /// <summary>The same of costs that need not be whole; infinite ones make the shares so.</summary>
    public static double[] Of(ReadOnlySpan<double> costs)
    {
        var drivers = Drivers(costs.Length);
        var shares = new double[drivers];
        for (var driver = 0; driver < drivers; driver++)
        {
            for (var set = 0; set < costs.Length; set++)
            {
                if ((set >> driver & 1) == 0)
                {
                    shares[driver] += (double)Weight(set, drivers) / Factorial(drivers)
                        * (costs[set | 1 << driver] - costs[set]);
                }
            }
        }
        return shares;
    }

    /// <summary>Orders in which exactly the drivers of the set come before one that is not in it.</summary>
    static long Weight(int set, int drivers)
    {
        var before = System.Numerics.BitOperations.PopCount((uint)set);
        return Factorial(before) * Factorial(drivers - before - 1);
    }

    static int Drivers(int sets)
    {
        var drivers = System.Numerics.BitOperations.Log2((uint)sets);
        ArgumentOutOfRangeException.ThrowIfNotEqual(1 << drivers, sets);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(drivers, Most);
        return drivers;
    }

    static long Factorial(int n) => n < 2 ? 1 : n * Factorial(n - 1);
}
