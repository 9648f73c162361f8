using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading.Tasks;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Measured;
using Plimsoll.Planning.Calibration;

namespace Plimsoll.Planning.Validation;

/// <summary>Predictions of runs that a fit never saw.</summary>
static class HeldOut
{
    static readonly ConcurrentDictionary<(Deployment Deployment, EfficiencyCurves? Curves),
        PredictionError> Errors = new();

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
            ? Unfitted(test[i]) : new HeldOutRun(test[i], Replay.Of(test[i], scale), null, null));
        return runs;
    }

    /// <summary>
    /// Why an observation cannot be replayed, for <see cref="SetReport.Dropped"/>; null when it can.
    /// </summary>
    public static string? Unfit(Observation observation) =>
        EngineCatalogue.Capacity(observation.Deployment, observation.Load.MeanContextTokens).Fits
            ? null
            : "ran, but predicted not to fit in memory";

    static HeldOutRun Unfitted(Observation run)
    {
        var error = ErrorOf(run);
        return new HeldOutRun(
            run, Replay.Of(run, StepScale.None),
            (Replay.Of(run, StepScale.None, end: error.Fast), error.Fast),
            (Replay.Of(run, StepScale.None, end: error.Slow), error.Slow));
    }

    /// <summary>The bands that the tier of the curves states.</summary>
    public static PredictionError ErrorOf(Observation run) => Errors.GetOrAdd(
        (run.Deployment, run.Curves), key =>
        StepTimeCatalogue.ModelOf(key.Deployment, curves: key.Curves).Error);
}

/// <summary>
/// A run, what was predicted of it, and the same run at both ends of the tier's interval; no ends for a
/// fitted prediction, whose interval would be its profile's.
/// </summary>
sealed record HeldOutRun(
    Observation Observation, Replay Replay, (Replay Replay, StepEnd End)? Fast,
    (Replay Replay, StepEnd End)? Slow)
{
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
                Interval = At(Fast, metric) is { } low && At(Slow, metric) is { } high
                    ? new FigureInterval(low, high)
                    : null,
            };
        }
    }

    static double? At((Replay Replay, StepEnd End)? end, Metric metric) => metric == Metric.E2e
        ? null
        : end?.Replay.Predicted[metric] * (metric == Metric.Ttft ? end?.End.FirstTokenFactor : 1);

    public static string FigureName(Metric metric, bool median) =>
        $"{metric.Name().ToUpperInvariant()} {(median ? "median" : "mean")}";
}
