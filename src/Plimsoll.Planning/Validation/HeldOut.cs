using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading.Tasks;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Timing;
using Plimsoll.Planning.Calibration;
using Plimsoll.Planning.Catalogues;

namespace Plimsoll.Planning.Validation;

/// <summary>Predictions of runs that a fit never saw.</summary>
static class HeldOut
{
    static readonly ConcurrentDictionary<(Deployment Deployment, EfficiencyCurves? Curves), (double Low, double High)>
        Intervals = new();

    /// <summary>
    /// Fits the plan's terms to <paramref name="fit"/> and predicts <paramref name="test"/>; with no terms, or
    /// nothing to fit to, the engine's own step times predict.
    /// </summary>
    public static IReadOnlyList<HeldOutRun> Predict(
        IReadOnlyList<Observation> fit, IReadOnlyList<Observation> test, ScaleFitOptions? plan)
    {
        var scale = plan is null || fit.Count == 0 ? StepScale.None : ScaleFit.Fit(fit, plan).Scale;
        var runs = new HeldOutRun[test.Count];
        Parallel.For(0, runs.Length, i =>
            runs[i] = new HeldOutRun(test[i], Replay.Of(test[i], scale), StepInterval(test[i])));
        return runs;
    }

    /// <summary>Why an observation cannot be replayed, for <see cref="SetReport.Dropped"/>; null when it can.</summary>
    public static string? Unfit(Observation observation) =>
        KvCapacity.Blocks(observation.Deployment, observation.Load.MeanContextTokens).Fits
            ? null
            : "ran, but predicted not to fit in memory";

    /// <summary>Real step time over predicted, 90 % of steps, as the tier of the curves states it.</summary>
    static (double Low, double High) StepInterval(Observation run) =>
        Intervals.GetOrAdd((run.Deployment, run.Curves), key =>
        {
            var model = key.Curves is null ? StepTimeCatalogue.ModelOf(key.Deployment) : new(key.Deployment, key.Curves);
            return (model.ErrorLow, model.ErrorHigh);
        });
}

/// <summary>A run, what was predicted of it, and the tier's interval for its steps.</summary>
sealed record HeldOutRun(Observation Observation, Replay Replay, (double Low, double High) StepInterval)
{
    /// <summary>Points of every figure that was measured and predicted.</summary>
    public IEnumerable<ValidationPoint> Points(string split, string configuration, params Metric[] metrics)
    {
        foreach (var metric in metrics)
        {
            if (Observation.Measured[metric] is not { } measured || Replay.Predicted[metric] is not { } predicted)
                continue;
            yield return new ValidationPoint(
                split, FigureName(metric, Observation.Medians), configuration, Observation.Name, measured, predicted)
            {
                // A token's time is made of steps; waiting and prefill have no stated interval yet.
                Interval = metric is Metric.Tpot or Metric.Itl
                    ? (StepInterval.Low * predicted, StepInterval.High * predicted)
                    : null,
            };
        }
    }

    public static string FigureName(Metric metric, bool median) =>
        $"{metric.Name().ToUpperInvariant()} {(median ? "median" : "mean")}";
}
