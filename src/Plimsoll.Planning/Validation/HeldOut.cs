using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading.Tasks;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Measured;
using Plimsoll.Planning.Calibration;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Validation;

/// <summary>Predictions of runs that a fit never saw.</summary>
static class HeldOut
{
    static readonly ConcurrentDictionary<(Deployment Deployment, EfficiencyCurves? Curves),
        StepErrorSpec> Errors = new();

    /// <summary>
    /// Fits the plan's terms to <paramref name="fit"/> and predicts <paramref name="test"/>; with no terms,
    /// or nothing to fit to, the engine's own step times predict.
    /// </summary>
    public static IReadOnlyList<HeldOutRun> Predict(
        IReadOnlyList<Observation> fit, IReadOnlyList<Observation> test, ScaleFitOptions? plan) =>
        Predict(plan is null || fit.Count == 0 ? StepScale.None : ScaleFit.Fit(fit, plan).Scale, test);

    public static IReadOnlyList<HeldOutRun> Predict(StepScale scale, IReadOnlyList<Observation> test)
    {
        var runs = new HeldOutRun[test.Count];
        Parallel.For(0, runs.Length, i =>
            runs[i] = scale.IsNone
            ? new HeldOutRun(test[i], Replay.Of(test[i], scale, withTerms: true), ErrorsOf(test[i]))
            : new HeldOutRun(test[i], Replay.Of(test[i], scale), null));
        return runs;
    }

    /// <summary>
    /// Why an observation cannot be replayed, for <see cref="SetReport.Dropped"/>; null when it can.
    /// </summary>
    public static string? Unfit(Observation observation) =>
        EngineCatalogue.Capacity(observation.Deployment, observation.Load.MeanContextTokens).Fits
            ? null
            : "ran, but predicted not to fit in memory";

    /// <summary>The errors that the tier of the curves states.</summary>
    static StepErrorSpec ErrorsOf(Observation run) => Errors.GetOrAdd(
        (run.Deployment, run.Curves), key =>
        StepTimeCatalogue.ModelOf(key.Deployment, curves: key.Curves).Errors);
}

/// <summary>
/// A run, what was predicted of it, and how the tier says that it may be wrong; null for a fitted prediction,
/// whose interval would be its profile's.
/// </summary>
sealed record HeldOutRun(Observation Observation, Replay Replay, StepErrorSpec? Errors)
{
    const int Draws = 60;

    /// <summary>Points of every figure that was measured and predicted.</summary>
    public IEnumerable<ValidationPoint> Points(string split, string configuration, params Metric[] metrics)
    {
        foreach (var metric in metrics)
        {
            if (Observation.Measured[metric] is not { } measured
                || Replay.Predicted[metric] is not { } predicted)
            {
                continue;
            }

            yield return new ValidationPoint(
                split, FigureName(metric, Observation.Medians), configuration, Observation.Name, measured,
                predicted)
            {
                Interval = metric == Metric.E2e ? null : Interval(metric, predicted),
            };
        }
    }

    /// <summary>
    /// Nine tenths of joint draws, each term of the figure multiplied: while the schedule stays as it is.
    /// </summary>
    FigureInterval? Interval(Metric metric, double predicted)
    {
        if (Errors is null)
            return null;
        var terms = Replay.Terms(metric);
        var draws = new List<double>();
        for (var i = 0; i < Draws; i++)
        {
            var draw = Errors.Draw(i, Draws);
            double drawn = 0;
            foreach (var term in Enum.GetValues<StepTerm>())
                drawn += terms[term] * draw.Factors[term];
            draws.Add(metric == Metric.Ttft ? draw.FirstTokenNs(drawn * 1e6) / 1e6 : drawn);
        }
        var (low, high) = DrawQuantiles.Of(predicted, draws);
        return new FigureInterval(low, high);
    }

    public static string FigureName(Metric metric, bool median) =>
        $"{metric.Name().ToUpperInvariant()} {(median ? "median" : "mean")}";
}
