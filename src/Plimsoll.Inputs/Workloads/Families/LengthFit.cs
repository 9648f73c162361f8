using System;

namespace Plimsoll.Inputs.Workloads.Families;

/// <summary>Quantile tables of measured lengths, with as few knots as the data allows.</summary>
static class LengthFit
{
    const double GoodKs = 0.01;

    static readonly int[] KnotCounts = [33, 65, 129, 257, 513];

    public static (LengthSpec Spec, double Ks) Of(int[] lengths)
    {
        var sorted = (int[])lengths.Clone();
        Array.Sort(sorted);
        (LengthSpec Spec, double Ks) best = default;
        foreach (var knots in KnotCounts)
        {
            var spec = Table(sorted, knots);
            var ks = Distance(sorted, spec);
            if (best.Spec is null || ks < best.Ks)
                best = (spec, ks);
            if (ks <= GoodKs)
                break;
        }
        return best;
    }

    /// <summary>Levels evenly spaced, with more of them in both tails.</summary>
    static LengthSpec Table(int[] sorted, int knots)
    {
        var levels = new System.Collections.Generic.SortedSet<double> { 0, 0.001, 0.005, 0.995, 0.999, 1 };
        for (var i = 1; i < knots - 1; i++)
            levels.Add(Math.Round((double)i / (knots - 1), 6));
        var all = new double[levels.Count];
        var tokens = new double[levels.Count];
        levels.CopyTo(all);
        for (var i = 0; i < all.Length; i++)
        {
            var index = Math.Clamp((int)Math.Ceiling(all[i] * sorted.Length) - 1, 0, sorted.Length - 1);
            tokens[i] = Math.Max(1, sorted[index]);
        }
        return new LengthSpec(all, tokens);
    }

    /// <summary>
    /// Largest gap between the distribution of a sorted sample and of what the table draws.
    /// </summary>
    public static double Distance(int[] sorted, LengthSpec spec)
    {
        const int Draws = 65_536;
        var sampler = new LengthSampler(spec);
        var drawn = new int[Draws];
        for (var i = 0; i < Draws; i++)
            drawn[i] = sampler.At((i + 0.5) / Draws);
        return Distance(sorted.AsSpan(), drawn);
    }

    /// <summary>The two-sample Kolmogorov–Smirnov distance.</summary>
    public static double Distance(ReadOnlySpan<int> a, ReadOnlySpan<int> b)
    {
        var left = a.ToArray();
        var right = b.ToArray();
        Array.Sort(left);
        Array.Sort(right);
        int i = 0, j = 0;
        double most = 0;
        while (i < left.Length && j < right.Length)
        {
            var value = Math.Min(left[i], right[j]);
            while (i < left.Length && left[i] == value)
                i++;
            while (j < right.Length && right[j] == value)
                j++;
            most = Math.Max(most, Math.Abs((double)i / left.Length - (double)j / right.Length));
        }
        return most;
    }
}
