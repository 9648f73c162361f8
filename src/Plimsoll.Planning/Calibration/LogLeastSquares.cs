using System;
using System.Collections.Generic;
using MathNet.Numerics.LinearAlgebra;
using Plimsoll.Core.Timing;

namespace Plimsoll.Planning.Calibration;

/// <summary>One measured time, and its predicted parts by term at the scale it was predicted with.</summary>
/// <param name="Measured">What was measured, in any unit of time.</param>
/// <param name="Terms">Predicted parts in the same unit.</param>
/// <param name="At">Logarithms of the scale of <paramref name="Terms"/>.</param>
/// <param name="Weight">How much it counts.</param>
sealed record LogResidual(double Measured, TermVector Terms, double[] At, double Weight)
{
    /// <summary>The time at another scale, while everything else stays as it is.</summary>
    public double Predicted(double[] scale)
    {
        var sum = 0.0;
        for (var i = 0; i < StepScale.Terms; i++)
            sum += Terms[i] * Math.Exp(scale[i] - At[i]);
        return sum;
    }

    /// <summary>What a term's multiplier moves the logarithm of the time by.</summary>
    public double Slope(int term, double[] scale, double predicted) =>
        Terms[term] * Math.Exp(scale[term] - At[term]) / predicted;
}

/// <summary>
/// Least squares of the logarithms of measured over predicted, far misses counted less (Huber), a ridge that
/// pulls every multiplier towards where it started, bounds that keep it physical. A term that the residuals
/// say too little about is not fitted: it keeps its start and is named.
/// </summary>
sealed class LogLeastSquares
{
    /// <summary>What a good simulator misses a mean by: the unit in which errors count.</summary>
    const double Noise = 0.05;

    /// <summary>Errors beyond this many units count linearly.</summary>
    const double Huber = 2.5;

    const int Rounds = 8;
    const int Steps = 20;

    /// <summary>A step of the logarithms below this changes nothing that is printed.</summary>
    const double Settled = 1e-9;

    /// <summary>A round that gains less than this in squared units of noise is the last.</summary>
    const double SettledCost = 0.02;

    readonly ScaleFitOptions _options;
    readonly double[] _start;
    readonly double[] _at;
    IReadOnlyList<LogResidual> _residuals = [];

    LogLeastSquares(ScaleFitOptions options)
    {
        _options = options;
        _start = Logarithms(options.Start);
        _at = (double[])_start.Clone();
    }

    /// <summary>
    /// Rounds of (1) <paramref name="linearise"/> at the scale found so far, (2) solving while its residuals
    /// stay linear in the multipliers. What turns out worse than the best so far is taken half as far.
    /// </summary>
    public static ScaleFitResult Solve(
        ScaleFitOptions options, Func<StepScale, IReadOnlyList<LogResidual>> linearise) =>
        new LogLeastSquares(options).Run(linearise);

    public static double[] Logarithms(StepScale scale)
    {
        var logarithms = new double[StepScale.Terms];
        for (var i = 0; i < logarithms.Length; i++)
            logarithms[i] = Math.Log(scale[(StepTerm)i]);
        return logarithms;
    }

    ScaleFitResult Run(Func<StepScale, IReadOnlyList<LogResidual>> linearise)
    {
        var free = new List<StepTerm>(_options.Terms);
        var unidentified = new List<StepTerm>();
        var (best, bestCost, bestResiduals) = (_at, double.PositiveInfinity, _residuals);
        for (var round = 0; round < Rounds; round++)
        {
            _residuals = linearise(StepScale.Of(_at));
            var cost = Cost(free);
            if (cost >= bestCost)
            {
                // Schedules and what hides behind what changed on the way: go half of it.
                for (var i = 0; i < _at.Length; i++)
                    _at[i] = (_at[i] + best[i]) / 2;
                continue;
            }
            var settled = bestCost - cost < SettledCost;
            (best, bestCost, bestResiduals) = ((double[])_at.Clone(), cost, _residuals);
            if (settled)
                break;
            while (LeastKnown(free) is { } unknown)
            {
                free.Remove(unknown);
                unidentified.Add(unknown);
                _at[(int)unknown] = _start[(int)unknown];
                bestCost = double.PositiveInfinity;
            }
            for (var step = 0; step < Steps && Improve(free) > Settled; step++)
            {
            }
        }
        best.CopyTo(_at, 0);
        foreach (var unknown in unidentified)
            _at[(int)unknown] = _start[(int)unknown];
        _residuals = bestResiduals;
        return new ScaleFitResult(StepScale.Of(_at), free, unidentified)
            { Residuals = _residuals, Gains = Gains(free) };
    }

    /// <summary>What is minimised: Huber's loss of the errors and the ridge.</summary>
    double Cost(List<StepTerm> free)
    {
        var cost = 0.0;
        foreach (var term in free)
            cost += Ridge(term) * Math.Pow(_at[(int)term] - _start[(int)term], 2);
        foreach (var residual in _residuals)
        {
            var error = Math.Abs(Math.Log(residual.Measured / residual.Predicted(_at)) / Noise);
            cost += residual.Weight * (error <= Huber ? error * error : Huber * (2 * error - Huber));
        }
        return cost;
    }

    /// <summary>
    /// The term that the residuals tell least about, when that is too little; null when none is.
    /// </summary>
    StepTerm? LeastKnown(List<StepTerm> free)
    {
        var gains = Gains(free);
        StepTerm? least = null;
        var worst = _options.LeastGain;
        for (var i = 0; i < free.Count; i++)
        {
            if (gains[i] < worst)
                (least, worst) = (free[i], gains[i]);
        }
        return least;
    }

    /// <summary>
    /// What is known of each free term over what the ridge alone says: 1 when the residuals tell nothing of
    /// it that the other terms could not explain as well.
    /// </summary>
    double[] Gains(List<StepTerm> free)
    {
        if (free.Count == 0)
            return [];
        var (normal, _) = NormalEquations(free);
        var covariance = normal.Inverse();
        var gains = new double[free.Count];
        for (var i = 0; i < gains.Length; i++)
            gains[i] = 1 / covariance[i, i] / Ridge(free[i]);
        return gains;
    }

    /// <summary>One damped Gauss–Newton step within the bounds; how far it went.</summary>
    double Improve(List<StepTerm> free)
    {
        if (free.Count == 0)
            return 0;
        var moved = 0.0;
        var (normal, gradient) = NormalEquations(free);
        var step = normal.Cholesky().Solve(gradient);
        for (var i = 0; i < free.Count; i++)
        {
            var term = (int)free[i];
            var (least, most) = free[i].MultiplierBounds();
            var before = _at[term];
            _at[term] = Math.Clamp(before + Math.Clamp(step[i], -0.5, 0.5), Math.Log(least), Math.Log(most));
            moved = Math.Max(moved, Math.Abs(_at[term] - before));
        }
        return moved;
    }

    (Matrix<double> Normal, Vector<double> Gradient) NormalEquations(List<StepTerm> free)
    {
        var normal = Matrix<double>.Build.Dense(
            free.Count, free.Count, (i, j) => i == j ? Ridge(free[i]) : 0);
        var gradient = Vector<double>.Build.Dense(
            free.Count, i => Ridge(free[i]) * (_start[(int)free[i]] - _at[(int)free[i]]));
        var slopes = new double[free.Count];
        foreach (var residual in _residuals)
        {
            var predicted = residual.Predicted(_at);
            var error = Math.Log(residual.Measured / predicted) / Noise;
            var weight = residual.Weight * Math.Min(1, Huber / Math.Max(1e-9, Math.Abs(error)));
            for (var i = 0; i < slopes.Length; i++)
                slopes[i] = residual.Slope((int)free[i], _at, predicted) / Noise;
            for (var i = 0; i < slopes.Length; i++)
            {
                gradient[i] += weight * slopes[i] * error;
                for (var j = 0; j < slopes.Length; j++)
                    normal[i, j] += weight * slopes[i] * slopes[j];
            }
        }
        return (normal, gradient);
    }

    double Ridge(StepTerm term) => 1 / (_options.SpreadOf(term) * _options.SpreadOf(term));
}
