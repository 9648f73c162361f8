using System;
using System.Collections.Generic;
using Plimsoll.Core;

namespace Plimsoll.Inputs.Workloads.Families;

/// <summary>
/// A distribution of counts (tokens, turns, seconds) as a table of quantiles; between two levels the
/// logarithm is linear. Two equal levels in a row make a jump, two equal values an atom.
/// </summary>
/// <param name="Levels">From 0 to 1, rising.</param>
/// <param name="Tokens">The quantile at each level, above 0, rising.</param>
public sealed record LengthSpec(IReadOnlyList<double> Levels, IReadOnlyList<double> Tokens)
{
    /// <summary>Complains in one line about a table that is no distribution.</summary>
    public void Check(string where)
    {
        if (Levels.Count < 2 || Levels.Count != Tokens.Count || Levels[0] != 0 || Levels[^1] != 1)
            throw new BadInputException($"{where}: expected as many tokens as levels, levels from 0 to 1");
        for (var i = 0; i < Levels.Count; i++)
        {
            if (!(Tokens[i] > 0 && Tokens[i] <= 100_000_000)
                || (i > 0 && !(Levels[i] >= Levels[i - 1] && Tokens[i] >= Tokens[i - 1])))
            {
                throw new BadInputException(
                    $"{where}: entry {i} is out of order; expected rising levels and tokens above 0");
            }
        }
    }

    /// <summary>The quantile at a level from 0 to 1.</summary>
    public double Quantile(double level)
    {
        var upper = 1;
        while (upper < Levels.Count - 1 && Levels[upper] < level)
            upper++;
        double low = Levels[upper - 1], high = Levels[upper];
        var share = high > low ? Math.Clamp((level - low) / (high - low), 0, 1) : 1;
        return Tokens[upper - 1] == Tokens[upper]
            ? Tokens[upper]
            : Math.Exp(Math.Log(Tokens[upper - 1]) * (1 - share) + Math.Log(Tokens[upper]) * share);
    }

    /// <summary>The mean, by the table's own interpolation.</summary>
    public double Mean
    {
        get
        {
            double mean = 0;
            for (var i = 1; i < Levels.Count; i++)
            {
                double a = Tokens[i - 1], b = Tokens[i];
                // ∫ exp of a line between ln a and ln b.
                mean += (Levels[i] - Levels[i - 1]) * (b - a < 1e-9 * a ? a : (b - a) / Math.Log(b / a));
            }
            return mean;
        }
    }
}

/// <summary>
/// A <see cref="LengthSpec"/> made ready for fast draws: 4,096 quantiles and straight lines between.
/// </summary>
sealed class LengthSampler
{
    const int Size = 4096;
    readonly double[] _quantiles = new double[Size + 1];

    public LengthSampler(LengthSpec spec)
    {
        for (var i = 0; i <= Size; i++)
            _quantiles[i] = spec.Quantile((double)i / Size);
    }

    /// <summary>The value at a level in [0, 1), rounded, at least 1.</summary>
    public int At(double level)
    {
        var position = level * Size;
        var index = (int)position;
        var value = _quantiles[index] + (position - index) * (_quantiles[index + 1] - _quantiles[index]);
        return Math.Max(1, (int)(value + 0.5));
    }
}
