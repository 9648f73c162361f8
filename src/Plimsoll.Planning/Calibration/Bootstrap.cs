using System;
using System.Collections.Generic;
using MathNet.Numerics.Distributions;
using Plimsoll.Core.Draws;
using Plimsoll.Core.Timing;

namespace Plimsoll.Planning.Calibration;

/// <summary>
/// Residual bootstrap of a fit: every measured figure is replaced by its fitted value times a held-out error
/// drawn at random, and the multipliers are solved for again while the schedules stay as they are. Errors are
/// drawn with either sign, since a fit may miss the next configuration either way. The seed is fixed.
/// </summary>
sealed class Bootstrap
{
    const int Draws = 400;
    const ulong Seed = 1;

    /// <summary>More residuals than this tell no more.</summary>
    const int MostResiduals = 500;

    /// <summary>Runs of one configuration repeat within about this: no interval is narrower.</summary>
    const double Repeatability = 0.02;

    readonly List<double>[] _scales = new List<double>[StepScale.Terms];

    /// <summary>What redrawn multipliers move a figure by, logarithms.</summary>
    readonly List<double> _shifts = [];

    /// <param name="fit">The fit whose multipliers are uncertain.</param>
    /// <param name="options">As it was fitted.</param>
    /// <param name="errors">Held-out errors of step times, logarithms; one per configuration.</param>
    public Bootstrap(ScaleFitResult fit, ScaleFitOptions options, IReadOnlyList<double> errors)
    {
        for (var i = 0; i < _scales.Length; i++)
            _scales[i] = [];
        var random = new RandomStream(Seed, purpose: 31);
        var at = LogLeastSquares.Logarithms(fit.Scale);
        var residuals = Thinned(fit.Residuals);
        var again = options with { Terms = fit.Fitted };
        var drawn = new LogResidual[residuals.Count];
        for (var draw = 0; draw < Draws; draw++)
        {
            for (var i = 0; i < drawn.Length; i++)
            {
                var fitted = residuals[i].Predicted(at);
                drawn[i] = residuals[i] with { Measured = fitted * Math.Exp(Draw(errors, ref random)) };
            }
            var scale = LogLeastSquares.Logarithms(LogLeastSquares.Solve(again, _ => drawn).Scale);
            for (var i = 0; i < scale.Length; i++)
                _scales[i].Add(scale[i]);
            var any = residuals[random.NextBelow(residuals.Count)];
            _shifts.Add(Math.Log(any.Predicted(scale) / any.Predicted(at)));
        }
    }

    /// <summary>90 % interval of a multiplier.</summary>
    public (double Low, double High) Of(StepTerm term)
    {
        var scales = _scales[(int)term];
        return (Math.Exp(Quantile(scales, 0.05)), Math.Exp(Quantile(scales, 0.95)));
    }

    /// <summary>
    /// 90 % interval of real over predicted on another configuration. Few configurations know the spread of
    /// their errors badly: Student's factor widens the interval by what that takes.
    /// </summary>
    /// <param name="errors">Held-out errors of the figure, logarithms; one per configuration.</param>
    public (double Low, double High) ErrorOf(IReadOnlyList<double> errors)
    {
        var random = new RandomStream(Seed, purpose: 32);
        var drawn = new List<double>(_shifts.Count);
        foreach (var shift in _shifts)
            drawn.Add(Math.Abs(Draw(errors, ref random) + shift));
        var few = StudentT.InvCDF(0, 1, errors.Count, 0.95) / Normal.InvCDF(0, 1, 0.95)
            * Math.Sqrt(1 + (1.0 / errors.Count));
        var width = Math.Max(Repeatability, few * Quantile(drawn, 0.90));
        return (Math.Exp(-width), Math.Exp(width));
    }

    static double Draw(IReadOnlyList<double> errors, ref RandomStream random) =>
        errors[random.NextBelow(errors.Count)] * (random.NextBelow(2) == 0 ? 1 : -1);

    static IReadOnlyList<LogResidual> Thinned(IReadOnlyList<LogResidual> residuals)
    {
        var stride = (residuals.Count + MostResiduals - 1) / MostResiduals;
        if (stride <= 1)
            return residuals;
        var thinned = new List<LogResidual>();
        for (var i = 0; i < residuals.Count; i += stride)
            thinned.Add(residuals[i] with { Weight = residuals[i].Weight * stride });
        return thinned;
    }

    static double Quantile(List<double> values, double share)
    {
        values.Sort();
        return values[(int)Math.Round(share * (values.Count - 1))];
    }
}
