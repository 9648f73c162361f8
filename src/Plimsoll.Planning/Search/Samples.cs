using System;
using System.Collections.Generic;

namespace Plimsoll.Planning.Search;

/// <summary>What independent streams say together.</summary>
static class Samples
{
    /// <summary>Standard errors on either side of a 90 % interval of a mean of four: Student's t, three
    /// degrees of freedom.</summary>
    public const double OfFour = 2.353;

    public static double Mean(IReadOnlyList<double> values)
    {
        double sum = 0;
        foreach (var value in values)
            sum += value;
        return sum / values.Count;
    }

    /// <summary>Of the mean; null with fewer than two values.</summary>
    public static double? StandardError(IReadOnlyList<double> values)
    {
        if (values.Count < 2)
            return null;
        var mean = Mean(values);
        double squares = 0;
        foreach (var value in values)
            squares += (value - mean) * (value - mean);
        return Math.Sqrt(squares / (values.Count - 1) / values.Count);
    }
}
