using System;
using System.Collections.Generic;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Measured;

namespace Plimsoll.Engine.Timing;

/// <summary>
/// Step times from steps that were timed: the least relative errors, not their squares, so that a step in
/// which the machine was taken away moves nothing; never falling with more tokens, nothing cheaper than free.
/// <para>
/// The time at 1 token, its rises from each power of two to the next, a token of context and a pair are ten
/// or so numbers of at least zero. Squares are weighed anew in each round by the error before it, and
/// minimised one number at a time.
/// </para>
/// </summary>
public static class StepFit
{
    const int Rounds = 12;
    const int Sweeps = 200;
    const int MostKnots = 14;

    /// <param name="steps">At least one; empty ones do not count.</param>
    public static MeasuredStepsSpec Of(IReadOnlyList<MeasuredStep> steps)
    {
        var knots = Knots(steps);
        var terms = knots.Count + 2;
        var rows = new List<double[]>();
        foreach (var step in steps)
        {
            if (step.Shape.Tokens > 0 && step.DurationNs > 0)
                rows.Add(Row(step, knots));
        }
        ArgumentOutOfRangeException.ThrowIfZero(rows.Count);
        var values = new double[terms];
        var weights = new double[rows.Count];
        Array.Fill(weights, 1);
        for (var round = 0; round < Rounds; round++)
        {
            Minimise(rows, weights, values);
            for (var i = 0; i < rows.Count; i++)
                weights[i] = 1 / Math.Max(0.01, Math.Abs(1 - Dot(rows[i], values)));
        }
        var times = new double[knots.Count];
        var sum = 0.0;
        for (var i = 0; i < times.Length; i++)
            times[i] = Math.Round(Math.Max(1_000, sum += values[i]), 0);
        return new MeasuredStepsSpec(
            knots, times, Math.Round(values[terms - 2], 4), Math.Round(values[terms - 1], 6));
    }

    /// <summary>Nanoseconds of a step by a fit.</summary>
    public static double PredictNs(MeasuredStepsSpec fit, in StepShape shape) => fit.OfTokens(shape.Tokens)
        + (fit.ContextTokenNs * shape.DecodeContextTokens) + (fit.PairNs * shape.PrefillPairs);

    /// <summary>Powers of two up to the largest step, so that nothing beyond is made up.</summary>
    static List<int> Knots(IReadOnlyList<MeasuredStep> steps)
    {
        var most = 2;
        foreach (var step in steps)
            most = Math.Max(most, step.Shape.Tokens);
        var knots = new List<int> { 1 };
        while (knots[^1] < most && knots.Count < MostKnots)
            knots.Add(2 * knots[^1]);
        return knots;
    }

    /// <summary>What each number adds to this step, as a share of its duration.</summary>
    static double[] Row(in MeasuredStep step, List<int> knots)
    {
        var row = new double[knots.Count + 2];
        var tokens = step.Shape.Tokens;
        row[0] = 1;
        for (var i = 1; i < knots.Count; i++)
        {
            var share = (tokens - knots[i - 1]) / (double)(knots[i] - knots[i - 1]);
            row[i] = i == knots.Count - 1 ? Math.Max(0, share) : Math.Clamp(share, 0, 1);
        }
        row[^2] = step.Shape.DecodeContextTokens;
        row[^1] = step.Shape.PrefillPairs;
        for (var i = 0; i < row.Length; i++)
            row[i] /= step.DurationNs;
        return row;
    }

    /// <summary>Least weighed squares of 1 − row · values over values of at least zero.</summary>
    static void Minimise(List<double[]> rows, double[] weights, double[] values)
    {
        var terms = values.Length;
        var (products, aims) = (new double[terms, terms], new double[terms]);
        for (var r = 0; r < rows.Count; r++)
        {
            for (var i = 0; i < terms; i++)
            {
                aims[i] += weights[r] * rows[r][i];
                for (var j = 0; j < terms; j++)
                    products[i, j] += weights[r] * rows[r][i] * rows[r][j];
            }
        }
        for (var sweep = 0; sweep < Sweeps; sweep++)
        {
            for (var i = 0; i < terms; i++)
            {
                if (products[i, i] <= 0)
                    continue;
                var rest = aims[i];
                for (var j = 0; j < terms; j++)
                    rest -= j == i ? 0 : products[i, j] * values[j];
                values[i] = Math.Max(0, rest / products[i, i]);
            }
        }
    }

    static double Dot(double[] row, double[] values)
    {
        var sum = 0.0;
        for (var i = 0; i < row.Length; i++)
            sum += row[i] * values[i];
        return sum;
    }
}
