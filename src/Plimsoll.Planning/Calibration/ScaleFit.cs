using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using MathNet.Numerics.LinearAlgebra;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Timing;

namespace Plimsoll.Planning.Calibration;

/// <summary>
/// Fits the multipliers of <see cref="StepScale"/> to measured runs: least squares of the logarithms of
/// predicted over measured, far misses counted less (Huber), a ridge that pulls every multiplier towards where
/// it started, bounds that keep it physical. Each round (1) replays every run and splits its figures by term,
/// (2) solves for the multipliers while the schedules stay as they are. A term that the runs say less about
/// than the ridge does is not fitted: it keeps its start and is named.
/// </summary>
public sealed class ScaleFit
{
    /// <summary>What a good simulator misses a mean by: the unit in which errors count.</summary>
    const double Noise = 0.05;

    /// <summary>Errors beyond this many units count linearly.</summary>
    const double Huber = 2.5;

    const int Rounds = 3;
    const int Steps = 20;

    readonly IReadOnlyList<Observation> _runs;
    readonly ScaleFitOptions _options;
    readonly double[] _start;
    readonly double[] _at;
    readonly List<Residual> _residuals = [];

    ScaleFit(IReadOnlyList<Observation> runs, ScaleFitOptions options)
    {
        _runs = runs;
        _options = options;
        _start = Logarithms(options.Start);
        _at = (double[])_start.Clone();
    }

    public static ScaleFitResult Fit(IReadOnlyList<Observation> runs, ScaleFitOptions options) =>
        new ScaleFit(runs, options).Run();

    ScaleFitResult Run()
    {
        var free = new List<StepTerm>(_options.Terms);
        var unidentified = new List<StepTerm>();
        for (var round = 0; round < Rounds; round++)
        {
            Linearise();
            while (free.Count > 0 && LeastKnown(free) is { } unknown)
            {
                free.Remove(unknown);
                unidentified.Add(unknown);
                _at[(int)unknown] = _start[(int)unknown];
            }
            for (var step = 0; step < Steps; step++)
                Improve(free);
        }
        return new ScaleFitResult(StepScale.Of(_at), free, unidentified);
    }

    /// <summary>One figure of one run, and its parts by term at the scale it was replayed with.</summary>
    sealed record Residual(double MeasuredMs, TermVector TermsMs, double[] At, double Weight)
    {
        public double PredictedMs(double[] scale)
        {
            var sum = 0.0;
            for (var i = 0; i < StepScale.Terms; i++)
                sum += TermsMs[i] * Math.Exp(scale[i] - At[i]);
            return sum;
        }
    }

    void Linearise()
    {
        var scale = StepScale.Of(_at);
        var replays = new Replay[_runs.Count];
        Parallel.For(0, replays.Length, i => replays[i] = Replay.Of(_runs[i], scale, withTerms: true));
        var at = (double[])_at.Clone();
        _residuals.Clear();
        for (var i = 0; i < replays.Length; i++)
        {
            foreach (var (metric, weight) in _options.Weights)
            {
                if (_runs[i].Measured[metric] is { } measured && replays[i].Predicted[metric] > 0)
                    _residuals.Add(new Residual(measured, replays[i].Terms(metric), at, weight));
            }
        }
    }

    /// <summary>
    /// The term that the runs tell least about, when that is less than the ridge tells; null when all are
    /// known well enough. What they tell is the information that is left of a term once the others are free.
    /// </summary>
    StepTerm? LeastKnown(List<StepTerm> free)
    {
        var (normal, _) = NormalEquations(free);
        var covariance = normal.Inverse();
        StepTerm? least = null;
        var worst = 2.0;
        for (var i = 0; i < free.Count; i++)
        {
            var gain = 1 / covariance[i, i] / Ridge(free[i]);
            if (gain < worst)
                (least, worst) = (free[i], gain);
        }
        return least;
    }

    /// <summary>One damped Gauss–Newton step within the bounds.</summary>
    void Improve(List<StepTerm> free)
    {
        if (free.Count == 0)
            return;
        var (normal, gradient) = NormalEquations(free);
        var step = normal.Cholesky().Solve(gradient);
        for (var i = 0; i < free.Count; i++)
        {
            var term = (int)free[i];
            var (least, most) = ScaleFitOptions.Bounds(free[i]);
            _at[term] = Math.Clamp(_at[term] + Math.Clamp(step[i], -0.5, 0.5), Math.Log(least), Math.Log(most));
        }
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
            var predicted = residual.PredictedMs(_at);
            var error = Math.Log(residual.MeasuredMs / predicted) / Noise;
            var weight = residual.Weight * Math.Min(1, Huber / Math.Max(1e-9, Math.Abs(error)));
            for (var i = 0; i < slopes.Length; i++)
            {
                var term = (int)free[i];
                slopes[i] = residual.TermsMs[term] * Math.Exp(_at[term] - residual.At[term]) / predicted / Noise;
            }
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

    static double[] Logarithms(StepScale scale)
    {
        var logarithms = new double[StepScale.Terms];
        for (var i = 0; i < logarithms.Length; i++)
            logarithms[i] = Math.Log(scale[(StepTerm)i]);
        return logarithms;
    }
}

/// <summary>What a fit found.</summary>
/// <param name="Scale">The multipliers.</param>
/// <param name="Fitted">Terms that the runs identify.</param>
/// <param name="Unidentified">Terms that were asked for and that the runs cannot tell.</param>
public sealed record ScaleFitResult(
    StepScale Scale, IReadOnlyList<StepTerm> Fitted, IReadOnlyList<StepTerm> Unidentified);
